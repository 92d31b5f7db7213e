import NIOCore
import Synchronization

/// What other threads have for the event loop: one wake-up carries all that came meanwhile.
final class LoopInbox: Sendable {
    enum Item: Sendable {
        case published(ServedBatch)
        case work(@Sendable () -> Void)
    }
    private struct State {
        var items: [Item] = []
        var isScheduled = false
        var isClosed = false
    }
    private let state = Mutex(State())
    private let loop: any EventLoop
    private let handle: @Sendable ([Item]) -> Void

    /// - Parameter handle: called on the loop with all items that gathered.
    init(_ loop: any EventLoop, _ handle: @escaping @Sendable ([Item]) -> Void) {
        self.loop = loop
        self.handle = handle
    }

    func add(_ item: Item) {
        let schedule = state.withLock { state in
            guard !state.isClosed else { return false }
            state.items.append(item)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if schedule { loop.execute { self.drain() } }
    }

    /// The loop is about to end: nobody is left whom an answer could reach.
    func close() { state.withLock { $0.isClosed = true } }

    private func drain() {
        let items = state.withLock { state in
            state.isScheduled = false
            defer { state.items = [] }
            return state.items
        }
        handle(items)
    }
}
