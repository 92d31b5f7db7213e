import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Messages of one connection on their way into the broker, with the requests that wait for them.
///
/// `@unchecked Sendable`: the event loop fills it, hands it to the broker's owner through the host's inbox, and gets it back
/// through its own.
final class ServedBatch: PublishSource, @unchecked Sendable {
    /// A request and the messages it brought.
    struct Waiting {
        var opaque: Int32
        var type: HeaderType
        var isOneway: Bool
        var first: Int
        var count: Int
    }

    let batch: PublishBatch
    var waiting: [Waiting] = []
    let connection: RemotingConnection
    private let inbox: LoopInbox
    private var isTaken = false

    init(_ connection: RemotingConnection, _ inbox: LoopInbox, bornHost: HostAddress) {
        self.connection = connection
        self.inbox = inbox
        batch = PublishBatch(bornHost: bornHost)
    }

    func take() -> PublishBatch? {
        if isTaken { return nil }
        isTaken = true
        return batch
    }

    func finished(_ batch: PublishBatch) { inbox.add(.published(self)) }

    /// Ready for other messages.
    func reset() {
        batch.reset()
        waiting.removeAll(keepingCapacity: true)
        isTaken = false
    }
}
