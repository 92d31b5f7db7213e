import ArgumentParser
import Glibc
import SluiceAPI

/// What the process ends with; scripts decide by these.
enum ExitStatus: Int32 {
    case ok = 0
    case failed = 1
    case partlyDone = 2
    case notFound = 3
    case conflict = 4
    case unreachable = 5
    case refused = 6
    /// `watch` ended while something was over a warning, or a critical, threshold.
    case warning = 10
    case critical = 11
    case usage = 64
    case interrupted = 130
    case closedPipe = 141
    case terminated = 143
}

/// Why a verb ends without having done what was asked: one sentence, and the exit status.
struct CommandFailure: Error, CustomStringConvertible {
    var status: Int32
    /// Empty when there is nothing to say (a signal, a closed pipe).
    var sentence: String

    init(_ status: ExitStatus, _ sentence: String) {
        self.status = status.rawValue
        self.sentence = sentence
    }

    /// An end that a signal asked for.
    init(signal: Int32) {
        self.status = 128 + signal
        self.sentence = ""
    }

    init(_ error: APIError) {
        let status: ExitStatus =
            switch error.code {
            case .invalid, .tooLarge: .usage
            case .notFound: .notFound
            case .conflict: .conflict
            case .refused, .unavailable: .refused
            case .unreachable: .unreachable
            case .failed, .throttled: .failed
            }
        self.init(status, error.message)
    }

    var description: String { sentence }
}

/// Reports an error on stderr (help and the like on stdout) and says what to exit with.
func report(_ error: any Error) -> Int32 {
    if let failure = error as? CommandFailure {
        say(failure.sentence)
        return failure.status
    }
    if let failure = error as? APIError { return report(CommandFailure(failure)) }
    let code = Sluice.exitCode(for: error).rawValue
    let message = Sluice.fullMessage(for: error)
    guard code != 0 else {
        var output = Output()
        output.write(message + "\n")
        do { try output.flush() } catch { return ExitStatus.closedPipe.rawValue }
        return 0
    }
    let text = message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message
    say(text)
    return code
}

/// Writes `sluice: …` to stderr, the sentence going on in lower case as in other tools; nothing for an empty one.
func say(_ sentence: String) {
    guard let first = sentence.first else { return }
    var rest = sentence.dropFirst()
    let isWord = rest.first.map { $0.isLowercase || $0 == " " } ?? false
    if rest.hasSuffix(".") && !rest.dropLast().contains(". ") { rest.removeLast() }
    writeToStandardError("sluice: " + (isWord ? first.lowercased() : String(first)) + rest + "\n")
}

/// Writes text to stderr as it is.
func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
