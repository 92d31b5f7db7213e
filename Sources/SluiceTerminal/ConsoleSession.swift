import CNcurses
import CSluice
import Glibc
import SluiceConsole

/// Runs a ``ConsoleModel`` on a terminal: takes in keys, signals, answers and time, and shows what the model says.
public final class ConsoleSession {
    private var model: ConsoleModel
    private let runner: EffectRunner
    private let options: TerminalOptions
    private let onScenarioKey: @Sendable (Character) -> Void
    private let onScenarioStart: @Sendable (String) -> Void
    private let inbox: EventInbox
    private var terminal: Terminal?

    private var decoder = InputDecoder()
    private var clicks = ClickCounter()
    private var exitCode: Int32?
    /// What is shown is older than the model.
    private var isStale = true
    private var hasPainted = false
    /// Monotonic ns up to which a frame may wait for more answers.
    private var paintBy: Int64 = 0
    private var nextTick: Int64 = 0
    /// Monotonic ns at which an ESC that nothing followed counts as the key.
    private var escapeDue: Int64?

    /// An ESC that nothing follows for so long is the key itself.
    private static let escapeDelay: Int64 = 25_000_000
    /// Answers to what was asked in one go are shown in one go when they come this close together.
    private static let gather: Int64 = 8_000_000

    /// - Parameters:
    ///   - terminal: one that is open already, so that its first bytes went out early; nil opens one in ``run()``.
    ///   - onScenarioKey: called on the console's thread with keys that the running scenario declared.
    ///   - onScenarioStart: called on the console's thread with the name of a scenario that is to be played.
    public init(
        model: ConsoleModel, runner: EffectRunner, options: TerminalOptions, terminal: Terminal? = nil,
        onScenarioKey: @escaping @Sendable (Character) -> Void = { _ in },
        onScenarioStart: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(TerminalError) {
        self.model = model
        self.runner = runner
        self.options = options
        self.terminal = terminal
        self.onScenarioKey = onScenarioKey
        self.onScenarioStart = onScenarioStart
        inbox = try EventInbox()
    }

    /// Hands an event in from any thread, while the session runs or before.
    public var post: @Sendable (Event) -> Void {
        let inbox = inbox
        return { inbox.post($0) }
    }

    /// Blocks the calling thread until the user leaves or a signal ends it, and gives the terminal back.
    /// - Returns: 0, or 128 plus the signal's number.
    public func run() throws(TerminalError) -> Int32 {
        let terminal = try openTerminal()
        let problem = sn_watch_signals(inbox.writeEnd)
        defer {
            sn_unwatch_signals()
            terminal.close()
            self.terminal = nil
        }
        guard problem == 0 else {
            throw TerminalError(.system, "No signal handlers for the console: \(String(cString: strerror(problem))).")
        }
        handle(.resize(terminal.size))
        tick()
        while exitCode == nil {
            paintIfDue(terminal)
            wait(terminal)
        }
        return exitCode ?? 0
    }
}

// MARK: Waiting
extension ConsoleSession {
    private func openTerminal() throws(TerminalError) -> Terminal {
        if let terminal { return terminal }
        let opened = try Terminal(options, base: model.theme[.text])
        terminal = opened
        return opened
    }

    private func wait(_ terminal: Terminal) {
        var polled = [
            pollfd(fd: options.input, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inbox.readEnd, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&polled, 2, timeout())
        let now = sluice_monotonic_nanoseconds()
        if count > 0 {
            if polled[0].revents != 0 { readInput() }
            if polled[1].revents != 0 { readInbox(terminal) }
        }
        if let due = escapeDue, now >= due {
            escapeDue = nil
            for input in decoder.flush() { handle(input) }
        }
        if now >= nextTick { tick() }
    }

    /// Milliseconds until something is due, rounded up.
    private func timeout() -> Int32 {
        var due = nextTick
        if let escapeDue { due = min(due, escapeDue) }
        if isStale { due = min(due, paintBy) }
        let left = due - sluice_monotonic_nanoseconds()
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    private func tick() {
        let now = sluice_wall_milliseconds()
        let wasStale = isStale
        handle(.tick(now: now))
        // What the tick has asked for is nearly there: one frame for both.
        if !wasStale || !hasPainted { paintBy = inbox.isWaiting ? gatherEnd : 0 }
        let interval = max(50, model.tickInterval)
        // A little after each full second, when samples of it are there and clocks show it.
        let delay = interval - (now - 20) % interval
        nextTick = sluice_monotonic_nanoseconds() + max(1, delay) * 1_000_000
    }

    private var gatherEnd: Int64 { sluice_monotonic_nanoseconds() + ConsoleSession.gather }

    private func paintIfDue(_ terminal: Terminal) {
        guard isStale, exitCode == nil, sluice_monotonic_nanoseconds() >= paintBy else { return }
        isStale = false
        hasPainted = true
        let frame = model.view(terminal.size)
        terminal.show(frame, cursor: model.cursor, base: model.theme[.text])
    }
}

// MARK: Events
extension ConsoleSession {
    private func readInput() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(options.input, &bytes, bytes.count)
        guard count > 0 else {
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            // The terminal is gone.
            exitCode = 128 + SIGHUP
            return
        }
        var inputs: [InputDecoder.Input] = []
        for byte in bytes.prefix(count) { decoder.feed(byte, into: &inputs) }
        escapeDue = decoder.isPending ? sluice_monotonic_nanoseconds() + ConsoleSession.escapeDelay : nil
        for input in inputs { handle(input) }
    }

    private func handle(_ input: InputDecoder.Input) {
        switch input {
        case .key(let key): handle(Event.key(key))
        case .paste(let text): handle(Event.paste(text))
        case .mouse(let mouse): handle(Event.mouse(clicks.count(mouse, at: sluice_monotonic_nanoseconds())))
        }
        paintBy = 0
    }

    private func readInbox(_ terminal: Terminal) {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(inbox.readEnd, &bytes, bytes.count)
        for byte in bytes.prefix(max(0, count)) where byte != 0 { handle(signal: Int32(byte), terminal) }
        let (events, isWaiting) = inbox.take()
        let wasStale = isStale
        for event in events { handle(event) }
        if !isWaiting {
            paintBy = 0
        } else if !wasStale {
            paintBy = gatherEnd
        }
    }

    private func handle(signal: Int32, _ terminal: Terminal) {
        switch signal {
        case SIGWINCH:
            if terminal.updateSize() { handle(.resize(terminal.size)) }
        case SIGTSTP: handle(.suspendAsked)
        case SIGCONT:
            terminal.resume()
            redrawAll(terminal)
        default: exitCode = 128 + signal
        }
        paintBy = 0
    }

    private func redrawAll(_ terminal: Terminal) {
        handle(.resize(terminal.size))
        tick()
    }

    private func handle(_ event: Event) {
        isStale = true
        for effect in model.update(event) { perform(effect) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .quit: exitCode = exitCode ?? 0
        case .bell: terminal?.bell()
        case .copy(let text): if terminal?.copy(text) != true { terminal?.bell() }
        case .scenarioKey(let key): onScenarioKey(key)
        case .suspend:
            guard let terminal else { return }
            terminal.suspend()
            redrawAll(terminal)
        case .openBody(let body, let suffix):
            guard let terminal else { return }
            if let problem = terminal.show(body, suffix: suffix, in: options.viewer) {
                handle(.answer(.file(.problem(problem))))
            }
            redrawAll(terminal)
        case .startScenario(let name): onScenarioStart(name)
        default:
            let runner = runner
            let inbox = inbox
            inbox.effectStarted()
            let language = model.settings.language
            Task.detached {
                // What the runner says of itself is made here, not in an update of the model.
                inbox.effectEnded(await Language.$current.withValue(language) { await runner.events(of: effect) })
            }
        }
    }
}
