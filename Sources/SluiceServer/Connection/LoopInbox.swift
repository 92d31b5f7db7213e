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
        var handle: (@Sendable ([Item]) -> Void)?
    }
    private let state = Mutex(State())
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Says what to do with the items, before there is one.
    /// - Parameter handle: called on the loop with all items that gathered.
    func begin(_ handle: @escaping @Sendable ([Item]) -> Void) { state.withLock { $0.handle = handle } }

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
        let (items, handle) = state.withLock { state in
            state.isScheduled = false
            defer { state.items = [] }
            return (state.items, state.handle)
        }
        handle?(items)
    }
}
