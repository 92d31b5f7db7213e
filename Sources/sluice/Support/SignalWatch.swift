import Glibc
import Synchronization

/// INT, TERM and HUP for verbs that run for a while: the first asks for an orderly end, a second one ends at once.
final class SignalWatch: Sendable {
    private struct State {
        var received: Int32 = 0
        var handler: (@Sendable () -> Void)?
        var onHangup: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    /// Becomes readable with the first signal and stays so: for `poll`.
    let descriptor: Int32
    private let writeEnd: Int32

    /// Takes the signals over; call it before any thread is started, since these inherit what is blocked.
    static func start() -> SignalWatch {
        let watch = SignalWatch()
        var signals = Self.watched
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(watch).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SignalWatch>.fromOpaque(context).takeRetainedValue().wait()
                return nil
            }, context)
        if failure == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged<SignalWatch>.fromOpaque(context).release()
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        }
        return watch
    }

    private init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        descriptor = ends[0]
        writeEnd = ends[1]
    }

    /// The signal that asked us to end; nil while there was none.
    var received: Int32? {
        let number = state.withLock { $0.received }
        return number == 0 ? nil : number
    }

    /// Makes HUP call a handler on the watching thread, as often as it comes, instead of ending.
    func onHangup(_ handler: @escaping @Sendable () -> Void) { state.withLock { $0.onHangup = handler } }

    /// Blocks until a signal asks for the end.
    func waitForEnd() {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while received == nil { _ = poll(&ready, 1, -1) }
    }

    /// Calls a handler on the watching thread at the first signal (at once when there was one already).
    func onSignal(_ handler: @escaping @Sendable () -> Void) {
        let late = state.withLock { state in
            state.handler = handler
            return state.received != 0
        }
        if late { handler() }
    }

    /// Throws the quiet end that a signal asks for, if there was one.
    func throwIfReceived() throws(CommandFailure) {
        if let received { throw CommandFailure(signal: received) }
    }

    private static var watched: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        return signals
    }

    private func wait() {
        var signals = Self.watched
        while true {
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { continue }
            if number == SIGHUP, let reload = state.withLock({ $0.onHangup }) {
                reload()
                continue
            }
            let (isFirst, handler) = state.withLock { state in
                let isFirst = state.received == 0
                if isFirst { state.received = number }
                return (isFirst, state.handler)
            }
            guard isFirst else { _exit(128 + number) }
            var byte: UInt8 = 1
            _ = write(writeEnd, &byte, 1)
            handler?()
        }
    }
}
