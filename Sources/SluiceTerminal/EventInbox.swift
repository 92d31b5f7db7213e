import CNcurses
import Glibc
import SluiceConsole
import Synchronization

/// Where other threads leave events for the thread that runs the console. A byte in a pipe wakes that one, once for all
/// that it has not yet taken.
final class EventInbox: Sendable {
    private struct State {
        var events: [Event] = []
        var isAwake = false
        /// Effects whose answer has not come.
        var running = 0
    }
    private let state = Mutex(State())
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(TerminalError) {
        var ends: [Int32] = [-1, -1]
        guard sn_pipe(&ends) == 0 else {
            throw TerminalError(.system, "No pipe for the console: \(String(cString: strerror(errno))).")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func post(_ event: Event) {
        let wakes = state.withLock { state in
            state.events.append(event)
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if wakes { wake() }
    }

    func effectStarted() { state.withLock { $0.running += 1 } }

    /// What came of it, in order; nothing where it has no answer.
    func effectEnded(_ events: [Event]) {
        let wakes = state.withLock { state in
            state.running -= 1
            state.events += events
            guard !events.isEmpty || state.running == 0 else { return false }
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if wakes { wake() }
    }

    /// True while answers are on their way.
    var isWaiting: Bool { state.withLock { $0.running > 0 } }

    /// Everything that has come, and whether more answers are on their way.
    func take() -> (events: [Event], isWaiting: Bool) {
        state.withLock { state in
            defer {
                state.events = []
                state.isAwake = false
            }
            return (state.events, state.running > 0)
        }
    }

    private func wake() {
        // 0 is no signal's number. A full pipe wakes as well.
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }
}
