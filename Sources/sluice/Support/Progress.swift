import Glibc

/// A line on stderr that says how far a long piece of work is: only on a terminal, and only after a second.
struct Progress {
    private let isShown = isTerminal(STDERR_FILENO)
    private let start = TimeText.monotonicSeconds
    private var last = 0.0
    private var drawn = false

    /// Draws the text at most five times a second.
    mutating func update(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = TimeText.monotonicSeconds
        guard now - start > 1, now - last > 0.2 else { return }
        last = now
        drawn = true
        writeToStandardError("\r\u{1B}[K" + text())
    }

    /// Removes the line.
    mutating func finish() {
        if drawn { writeToStandardError("\r\u{1B}[K") }
        drawn = false
    }

    /// Seconds since the work began.
    var seconds: Double { TimeText.monotonicSeconds - start }
}
