import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceStorage

/// A connection that lets nothing through that changes something.
struct ReadOnlyConnection: Connection {
    let inner: ClusterConnection
    /// Why not, as the beginning of a sentence.
    let reason: String

    var localAddress: String { inner.localAddress }

    func submit(_ request: Request, _ reply: @escaping Reply) {
        if Self.isHarmless(request) { return inner.submit(request, reply) }
        let error = APIError(.refused, "\(reason); nothing was changed")
        guard case .publish(let source) = request else { return reply(.failed(error)) }
        guard let batch = source.take() else { return }
        batch.refuse(error)
        source.finished(batch)
    }

    func read(_ request: ReadRequest) async throws(APIError) -> Fetch { try await inner.read(request) }

    func readQueues(of topic: String, _ reply: @escaping @Sendable (Result<[QueueID], APIError>) -> Void) {
        inner.readQueues(of: topic, reply)
    }

    func brokerName(ofQueue number: Int) -> String? { inner.brokerName(ofQueue: number) }
    func watch(_ names: Set<String>) { inner.watch(names) }

    func sendAgain(_ message: StoredMessage, group: String, _ reply: @escaping Reply) {
        reply(.failed(APIError(.refused, "\(reason); nothing was changed")))
    }

    /// What is not on this list is refused, so that nothing new slips through.
    private static func isHarmless(_ request: Request) -> Bool {
        switch request {
        case .pull, .members, .committed, .start, .allCommitted, .offset, .storeTimes, .topicConfig, .configs,
            .consumers, .producers, .delayOffsets, .broker, .flow, .topics, .topic, .groups, .group, .delays,
            .delayHistogram, .halves, .half, .browse, .lookUp, .question:
            true
        case .act(_, let context): context.dryRun
        default: false
        }
    }
}
