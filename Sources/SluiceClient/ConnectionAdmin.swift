import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceStorage

/// ``Admin`` over a connection.
struct ConnectionAdmin: Admin {
    let connection: any Connection
    private let producer: Producer

    init(_ connection: any Connection) {
        self.connection = connection
        producer = Producer(connection, ProducerOptions(group: "sluice-admin"))
    }

    func call(_ request: Request) async throws(APIError) -> Response { try await connection.call(request) }

    func watch(_ names: Set<String>) { connection.watch(names) }

    func broker() async throws(APIError) -> BrokerStatus {
        let response = try await connection.call(.broker)
        guard case .broker(let status) = response else { throw unexpected(response) }
        return status
    }

    func flow(since: Int64) async throws(APIError) -> [FlowSample] {
        let response = try await connection.call(.flow(since: since))
        guard case .flow(let samples) = response else { throw unexpected(response) }
        return samples
    }

    func topics() async throws(APIError) -> [TopicSummary] {
        let response = try await connection.call(.topics)
        guard case .topics(let topics) = response else { throw unexpected(response) }
        return topics
    }

    func topic(_ name: String) async throws(APIError) -> TopicStatus {
        let response = try await connection.call(.topic(name))
        guard case .topic(let status) = response else { throw unexpected(response) }
        return status
    }

    func createTopic(_ config: TopicConfig) async throws(APIError) {
        _ = try await act(.updateTopic(config, mustBeNew: true))
    }

    func updateTopic(_ config: TopicConfig) async throws(APIError) {
        _ = try await act(.updateTopic(config, mustBeNew: false))
    }

    func deleteTopic(_ name: String) async throws(APIError) { _ = try await act(.deleteTopic(name)) }

    func groups() async throws(APIError) -> [GroupSummary] {
        let response = try await connection.call(.groups)
        guard case .groups(let groups) = response else { throw unexpected(response) }
        return groups
    }

    func group(_ name: String) async throws(APIError) -> GroupStatus {
        let response = try await connection.call(.group(name))
        guard case .group(let status) = response else { throw unexpected(response) }
        return status
    }

    func updateGroup(_ config: GroupConfig) async throws(APIError) { _ = try await act(.updateGroup(config)) }

    func deleteGroup(_ name: String) async throws(APIError) { _ = try await act(.deleteGroup(name)) }

    func reset(_ request: ResetRequest) async throws(APIError) -> [ResetStep] {
        try await act(.reset(request), dryRun: request.dryRun).steps
    }

    func delays(_ query: DelayQuery) async throws(APIError) -> DelayPage {
        let response = try await connection.call(.delays(query))
        guard case .delays(let page) = response else { throw unexpected(response) }
        return page
    }

    func delayHistogram(start: Int64, width: Int64, buckets: Int) async throws(APIError) -> DelayHistogram {
        let response = try await connection.call(.delayHistogram(start: start, width: width, buckets: buckets))
        guard case .histogram(let histogram) = response else { throw unexpected(response) }
        return histogram
    }

    func halves(skip: Int, limit: Int) async throws(APIError) -> HalfPage {
        let response = try await connection.call(.halves(skip: skip, limit: limit))
        guard case .halves(let page) = response else { throw unexpected(response) }
        return page
    }

    func half(id: String) async throws(APIError) -> HalfMessage {
        let response = try await connection.call(.half(id: id))
        guard case .half(let half) = response else { throw unexpected(response) }
        return half
    }

    func resolve(
        id: String, as resolution: Resolution, reason: String
    ) async throws(APIError) -> ResolutionOutcome {
        let acted = try await act(.resolve(id: id, resolution), reason: reason)
        guard let outcome = acted.resolution else { throw unexpected(.acted(acted)) }
        return outcome
    }

    func act(
        _ action: OperatorAction, reason: String = "", dryRun: Bool = false
    ) async throws(APIError) -> ActionOutcome {
        try await act(action, ActionContext(actor: .current, reason: reason, dryRun: dryRun))
    }

    func act(_ action: OperatorAction, _ context: ActionContext) async throws(APIError) -> ActionOutcome {
        let response = try await connection.call(.act(action, context))
        guard case .acted(let outcome) = response else { throw unexpected(response) }
        return outcome
    }

    func ask(_ question: OperatorQuestion) async throws(APIError) -> OperatorAnswer {
        let response = try await connection.call(.question(question))
        switch response {
        case .told(let answer): return answer
        case .audit(let reading):
            return try await offPool { () throws(DiskError) in try reading.answer() }
        default: throw unexpected(response)
        }
    }

    func publish(_ message: Message) async throws(APIError) -> SendReceipt { try await producer.send(message) }

    func publishHalf(_ message: Message, producerGroup: String) async throws(APIError) -> SendReceipt {
        try await producer.send(message, halfOf: producerGroup)
    }

    func replay(_ messages: [StoredMessage], to topic: String?) async throws(APIError) -> [SendReceipt] {
        let outcome = try await act(.republish(messages.map(\.physicalOffset), to: topic))
        // The broker does not tell the copies' places in the log.
        return outcome.stored.map {
            SendReceipt(id: $0.id, offsetID: "", queue: $0.queue, queueOffset: $0.queueOffset, physicalOffset: -1)
        }
    }
}
