import SluiceBroker
import Synchronization

/// A batch that is published once, for a caller that waits for it.
final class OneBatch: PublishSource {
    private let batch: Mutex<PublishBatch?>
    private let finish = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ batch: PublishBatch) { self.batch = Mutex(batch) }

    /// What to do when every entry has its result; before the batch is handed over.
    func onFinished(_ body: @escaping @Sendable () -> Void) { finish.withLock { $0 = body } }

    func take() -> PublishBatch? {
        batch.withLock { batch in
            defer { batch = nil }
            return batch
        }
    }

    func finished(_ batch: PublishBatch) { finish.withLock { $0 }?() }
}
