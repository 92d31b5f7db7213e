import Glibc
import TOMLKit

/// The configuration file: `--config`, else the user's, else the machine's; then the environment, setting by setting.
struct ConfigFile {
    /// Nil when there is none, which is no error unless it was asked for.
    let path: String?
    let table: TOMLTable?
    private let lines: [Substring]
    /// The tables that there are.
    private static let tables = ["serve", "console", "alerts", "clusters"]

    /// - Parameter asked: the path that `--config` names.
    init(asked: String?) throws(CommandFailure) {
        path = asked ?? Self.places.first { access($0, R_OK) == 0 }
        guard let path else {
            (table, lines) = (nil, [])
            return
        }
        let text = String(decoding: try InputFile(path: path).readAll(limit: 1 << 20), as: UTF8.self)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw CommandFailure(.usage, "\(path):\(error.source.begin.line): \(error.description)")
        } catch {
            throw CommandFailure(.usage, "\(path): this is not TOML")
        }
        for key in table?.keys.sorted() ?? [] where !Self.tables.contains(key) {
            let known = Self.tables.map { $0 == "clusters" ? "[clusters.NAME]" : "[\($0)]" }.joined(separator: ", ")
            throw problem(key, "there is no table or setting \(key); there are \(known)")
        }
    }

    private static var places: [String] {
        var places: [String] = []
        if let folder = environmentValue("XDG_CONFIG_HOME"), folder.hasPrefix("/") {
            places.append(folder + "/sluice/config.toml")
        } else if let home = environmentValue("HOME") {
            places.append(home + "/.config/sluice/config.toml")
        }
        return places + ["/etc/sluice/config.toml"]
    }

    /// Settings of the file, then of `SLUICE_…` variables, over the defaults.
    func apply(to settings: inout ServeSettings) throws(CommandFailure) {
        let known = Dictionary(uniqueKeysWithValues: ServeSetting.all.map { ($0.name, $0) })
        if let serve = table?["serve"] {
            guard let serve = serve.table else { throw problem("serve", "serve is a table: [serve]") }
            for key in serve.keys.sorted() {
                guard let setting = known[key] else {
                    throw problem(key, "there is no setting \(key); `sluice serve --print-config` lists them")
                }
                guard let value = Self.value(serve[key]) else {
                    throw problem(key, "\(key) has a value of the wrong kind")
                }
                if let reason = setting.apply(value, &settings) { throw problem(key, "\(key): \(reason)") }
            }
        }
        for setting in ServeSetting.all {
            let name = "SLUICE_" + setting.name.uppercased()
            guard let text = environmentValue(name) else { continue }
            if let reason = setting.apply(.text(text), &settings) {
                throw CommandFailure(.usage, "\(name)=\"\(text)\": \(reason).")
            }
        }
    }

    /// A table by name; nil when the file has none.
    func section(_ name: String) throws(CommandFailure) -> TOMLTable? {
        guard let value = table?[name] else { return nil }
        guard let section = value.table else { throw problem(name, "\(name) is a table: [\(name)]") }
        return section
    }

    /// What is wrong with a setting of a section, with its line.
    func problem(_ section: String, _ key: String, _ reason: String) -> CommandFailure {
        var current = ""
        var place = path ?? ""
        for (index, line) in lines.enumerated() {
            let text = line.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "\r" }
            if text.hasPrefix("[") {
                current = String(text.dropFirst().prefix { $0 != "]" })
            } else if let equals = text.firstIndex(of: "="), !text.hasPrefix("#") {
                let name = (current.isEmpty ? "" : current + ".") + text[..<equals]
                if name == "\(section).\(key)" { place = "\(path ?? ""):\(index + 1)" }
            }
        }
        return CommandFailure(.usage, "\(place): \(reason)")
    }

    private static func value(_ value: (any TOMLValueConvertible)?) -> SettingValue? {
        if let text = value?.string { return .text(text) }
        if let flag = value?.bool { return .flag(flag) }
        if let number = value?.int { return .number(Int64(number)) }
        if let array = value?.array { return .list(array.compactMap(\.string)) }
        return nil
    }

    /// What is wrong with a table or a setting outside of all tables, with its line.
    func problem(_ key: String, _ reason: String) -> CommandFailure {
        let line = lines.indices.first { index in
            let line = lines[index]
            let text = line.drop { $0 == " " || $0 == "\t" || $0 == "[" }
            guard text.hasPrefix(key) else { return false }
            let next = text.dropFirst(key.count).first
            return next == nil || next == " " || next == "=" || next == "]" || next == "\t" || next == "."
        }
        let place = line.map { "\(path ?? ""):\($0 + 1)" } ?? path ?? ""
        return CommandFailure(.usage, "\(place): \(reason)")
    }

    /// The file with every setting, what it means, and its default.
    static var printed: String {
        var text =
            "# Sluice's configuration: --config FILE, else $XDG_CONFIG_HOME/sluice/config.toml, else /etc/sluice/config.toml.\n"
        text +=
            "# Each setting can be given as SLUICE_NAME in the environment too. Options of the command line go first.\n\n[serve]\n"
        for setting in ServeSetting.all { text += "\n# \(setting.help)\n\(setting.name) = \(setting.byDefault)\n" }
        return text
    }
}
