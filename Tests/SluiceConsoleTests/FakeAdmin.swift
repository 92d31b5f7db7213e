import SluiceAPI
import SluiceConsole
import SluiceMessage

/// ``World`` behind the protocol that consoles speak to.
struct FakeAdmin: Admin {
    var world: World

    private func ask<Value>(_ query: Query, _ value: (Reply) -> Value?) throws(APIError) -> Value {
        let reply = try world.reply(to: query).get()
        guard let found = value(reply) else { throw APIError(.failed, "The wrong reply: \(reply)") }
        return found
    }

    private func act<Value>(_ act: Act, _ value: (Outcome) -> Value?) throws(APIError) -> Value {
        var world = world
        let outcome = try world.outcome(of: act).get()
        guard let found = value(outcome) else { throw APIError(.failed, "The wrong outcome: \(outcome)") }
        return found
    }

    func broker() async throws(APIError) -> BrokerStatus {
        try ask(.broker) { if case .broker(let value) = $0 { value } else { nil } }
    }
    func flow(since: Int64) async throws(APIError) -> [FlowSample] {
        try ask(.flow(since: since)) { if case .flow(let value) = $0 { value } else { nil } }
    }
    func topics() async throws(APIError) -> [TopicSummary] {
        try ask(.topics) { if case .topics(let value) = $0 { value } else { nil } }
    }
    func topic(_ name: String) async throws(APIError) -> TopicStatus {
        try ask(.topic(name)) { if case .topic(let value) = $0 { value } else { nil } }
    }
    func groups() async throws(APIError) -> [GroupSummary] {
        try ask(.groups) { if case .groups(let value) = $0 { value } else { nil } }
    }
    func group(_ name: String) async throws(APIError) -> GroupStatus {
        try ask(.group(name)) { if case .group(let value) = $0 { value } else { nil } }
    }
    func delays(_ query: DelayQuery) async throws(APIError) -> DelayPage {
        try ask(.delays(query)) { if case .delays(let value) = $0 { value } else { nil } }
    }
    func delayHistogram(start: Int64, width: Int64, buckets: Int) async throws(APIError) -> DelayHistogram {
        try ask(.histogram(start: start, width: width, buckets: buckets)) {
            if case .histogram(let value) = $0 { value } else { nil }
        }
    }
    func halves(skip: Int, limit: Int) async throws(APIError) -> HalfPage {
        try ask(.halves(limit: limit)) { if case .halves(let value) = $0 { value } else { nil } }
    }
    func half(id: String) async throws(APIError) -> HalfMessage {
        guard let half = world.halves.first(where: { $0.id == id }) else {
            throw APIError(.notFound, "There is no unresolved half \(id).")
        }
        return half
    }
    func browse(_ query: BrowseQuery) async throws(APIError) -> [StoredMessage] {
        guard case .queue(let id, let from, let limit) = query else { return [] }
        return try ask(.page(topic: id.topic, queue: id.queue, from: from, limit: limit)) {
            if case .messages(let value) = $0 { value } else { nil }
        }
    }
    func reset(_ request: ResetRequest) async throws(APIError) -> [ResetStep] {
        throw APIError(.failed, "the console acts through act(_:reason:dryRun:)")
    }
    func resolve(id: String, as resolution: Resolution, reason: String) async throws(APIError) -> ResolutionOutcome {
        throw APIError(.failed, "the console acts through act(_:reason:dryRun:)")
    }
    func publish(_ message: Message) async throws(APIError) -> SendReceipt {
        try act(.publish(message)) { if case .sent(let value) = $0 { value } else { nil } }
    }
    func publishHalf(_ message: Message, producerGroup: String) async throws(APIError) -> SendReceipt {
        try act(.publishHalf(message, producerGroup: producerGroup)) {
            if case .sent(let value) = $0 { value } else { nil }
        }
    }
    func replay(_ messages: [StoredMessage], to topic: String?) async throws(APIError) -> [SendReceipt] {
        throw APIError(.failed, "the console acts through act(_:reason:dryRun:)")
    }
    func act(_ action: OperatorAction, _ context: ActionContext) async throws(APIError) -> ActionOutcome {
        throw APIError(.failed, "nothing can be done here")
    }
    func act(_ action: OperatorAction, reason: String, dryRun: Bool) async throws(APIError) -> ActionOutcome {
        try act(.operate(action, reason: reason, dryRun: dryRun)) {
            if case .acted(let value) = $0 { value } else { nil }
        }
    }
    func ask(_ question: OperatorQuestion) async throws(APIError) -> OperatorAnswer {
        try ask(.question(question)) { if case .told(let value) = $0 { value } else { nil } }
    }
    func createTopic(_ config: TopicConfig) async throws(APIError) {}
    func updateTopic(_ config: TopicConfig) async throws(APIError) {}
    func deleteTopic(_ name: String) async throws(APIError) {}
    func updateGroup(_ config: GroupConfig) async throws(APIError) {}
    func deleteGroup(_ name: String) async throws(APIError) {}
}
