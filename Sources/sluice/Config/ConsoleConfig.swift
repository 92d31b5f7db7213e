import SluiceConsole
import TOMLKit

/// The tables `[console]`, `[console.keys]` and `[alerts]` of the configuration file.
struct ConsoleConfig {
    var theme: String?
    /// Milliseconds between two refreshes.
    var refresh: Int64?
    var readOnly = false
    var mouse = true
    var unicode = true
    /// `en`, `zh`, or nil for what the locale says.
    var language: String?
    var keymap = Keymap.standard
    var alerts = AlertThresholds()

    init() {}

    init(_ file: ConfigFile) throws(CommandFailure) {
        if let table = try file.section("console") {
            for key in table.keys.sorted() where key != "keys" { try read(key, table[key], file) }
            if let value = table["keys"] {
                guard let keys = value.table else {
                    throw file.problem("console", "keys", "keys is a table: [console.keys]")
                }
                keymap = try Self.keymap(keys, file)
            }
        }
        if let table = try file.section("alerts") {
            for key in table.keys.sorted() { try readAlert(key, table[key], file) }
        }
    }

    private static let settings = ["theme", "refresh", "read_only", "mouse", "unicode", "language"]

    private mutating func read(
        _ key: String, _ value: (any TOMLValueConvertible)?, _ file: ConfigFile
    ) throws(CommandFailure) {
        func flag() throws(CommandFailure) -> Bool {
            guard let flag = value?.bool else { throw file.problem("console", key, "\(key) is true or false") }
            return flag
        }
        func text() throws(CommandFailure) -> String {
            guard let text = value?.string else { throw file.problem("console", key, "\(key) is a text in quotes") }
            return text
        }
        switch key {
        case "theme": theme = try text()
        case "refresh":
            guard let span = TimeInput.duration(try text()), (100...3_600_000).contains(span) else {
                throw file.problem("console", key, "refresh is a duration of 100ms to 1h, as \"2s\"")
            }
            refresh = span
        case "read_only": readOnly = try flag()
        case "mouse": mouse = try flag()
        case "unicode": unicode = try flag()
        case "language":
            let text = try text()
            guard ["auto", "en", "zh"].contains(text) else {
                throw file.problem("console", key, "language is \"auto\", \"en\" or \"zh\"")
            }
            language = text == "auto" ? nil : text
        default:
            let known = Self.settings.joined(separator: ", ")
            throw file.problem("console", key, "there is no setting \(key); there are \(known) and [console.keys]")
        }
    }

    private static func keymap(_ table: TOMLTable, _ file: ConfigFile) throws(CommandFailure) -> Keymap {
        var wishes: [(name: String, keys: [String])] = []
        for name in table.keys.sorted() {
            let value = table[name]
            if let one = value?.string {
                wishes.append((name, [one]))
            } else if let list = value?.array, case let keys = list.compactMap(\.string), keys.count == list.count {
                wishes.append((name, keys))
            } else {
                throw file.problem("console.keys", name, "\(name) is a key in quotes, or a list of them")
            }
        }
        do throws(Keymap.Problem) {
            return try Keymap(wishes)
        } catch {
            throw file.problem("console.keys", error.name, error.description)
        }
    }

    private mutating func readAlert(
        _ key: String, _ value: (any TOMLValueConvertible)?, _ file: ConfigFile
    ) throws(CommandFailure) {
        let text = value?.string ?? value?.int.map { String($0) } ?? ""
        do throws(AlertInput.Problem) {
            try AlertInput.set(key, text, &alerts)
        } catch {
            throw file.problem("alerts", key, error.reason)
        }
    }
}

/// Thresholds as people write them: `1000`, `1000,10000` (warning, critical), `5m,30m`, `none`.
enum AlertInput {
    struct Problem: Error {
        let reason: String
    }

    static func set(_ name: String, _ text: String, _ alerts: inout AlertThresholds) throws(Problem) {
        switch name {
        case "lag": alerts.lag = try levels(name, text, isAge: false)
        case "behind": alerts.behind = try levels(name, text, isAge: true)
        case "oldest_half": alerts.oldestHalf = try levels(name, text, isAge: true)
        case "dead_letters": alerts.deadLetters = try levels(name, text, isAge: false)
        default:
            throw Problem(reason: "there is no alert \(name); there are lag, behind, oldest_half and dead_letters")
        }
    }

    static func levels(_ name: String, _ text: String, isAge: Bool) throws(Problem) -> AlertThresholds.Levels {
        if text == "none" { return AlertThresholds.Levels() }
        guard let levels = AlertThresholds.Levels(text, { isAge ? TimeInput.duration($0) : Int64($0) }) else {
            throw Problem(
                reason: isAge
                    ? "\(name) is a duration as 5m, or two of them with the critical one behind: 5m,30m"
                    : "\(name) is a number, or two of them with the critical one behind: 1000,10000")
        }
        return levels
    }
}
