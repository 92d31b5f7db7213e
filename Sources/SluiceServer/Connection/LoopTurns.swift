import NIOCore
import SluiceHost

/// Runs the turns of the broker's owner on the event loop that serves the connections.
///
/// `@unchecked Sendable`: the timer is touched on the loop only.
final class LoopTurns: TurnExecutor, @unchecked Sendable {
    private let loop: any EventLoop
    private var timer: Scheduled<Void>?
    private var timerAt = NIODeadline.distantFuture

    init(_ loop: any EventLoop) { self.loop = loop }

    func run(_ turn: @escaping @Sendable () -> Void) { loop.execute(turn) }

    func run(afterNanoseconds nanoseconds: Int64, _ turn: @escaping @Sendable () -> Void) {
        let at = NIODeadline.now() + .nanoseconds(nanoseconds)
        // One that comes sooner does too: it will find nothing to do, and ask again.
        guard timer == nil || at < timerAt else { return }
        timer?.cancel()
        timerAt = at
        timer = loop.scheduleTask(deadline: at) { [weak self] in
            self?.timer = nil
            turn()
        }
    }

    func cancel() { timer?.cancel() }
}
