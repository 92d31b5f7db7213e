import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceServer

/// All that can be set for serving, before it is split into what the broker and what the server have to know.
struct ServeSettings {
    var server = ServerOptions()
    var advertise: String?
    var acl: String?
    var metrics: SocketPlace?
    var logLevel = "info"
    /// Serves others than this machine without accounts and without TLS.
    var allowOpen = false
    var retainHours: Int64 = 72
    var retainGiB: Int64 = 0
    /// In ms.
    var longestDelay: Int64 = 960 * 3_600_000
    var delaysInMemory = 131_072
    var checksPerSecond = 500
}

/// One setting of the file's table `[serve]`: its name, what it means, and what is written by default.
struct ServeSetting: Sendable {
    let name: String
    let help: String
    /// As TOML.
    let byDefault: String
    /// Takes a value; the sentence why it cannot be.
    let apply: @Sendable (_ value: SettingValue, _ settings: inout ServeSettings) -> String?
}

/// A value as files and the environment give it.
enum SettingValue: Sendable {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case list([String])

    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// A number, or text that spells one, as the environment has it.
    var number: Int64? {
        switch self {
        case .number(let number): number
        case .text(let text): Int64(text)
        default: nil
        }
    }

    var flag: Bool? {
        switch self {
        case .flag(let flag): flag
        case .text(let text): Bool(text)
        default: nil
        }
    }

    var list: [String]? {
        switch self {
        case .list(let list): list
        case .text(let text): text.split { $0 == "," || $0 == ";" }.map(String.init)
        default: nil
        }
    }
}

extension ServeSetting {
    static func text(
        _ name: String, _ help: String, _ byDefault: String,
        _ set: @escaping @Sendable (_ text: String, _ settings: inout ServeSettings) -> String?
    ) -> ServeSetting {
        ServeSetting(name: name, help: help, byDefault: "\"\(byDefault)\"") { value, settings in
            guard let text = value.text else { return "it is a text in quotes" }
            return set(text, &settings)
        }
    }

    static func place(
        _ name: String, _ help: String, _ byDefault: String,
        _ set: @escaping @Sendable (_ place: SocketPlace?, _ settings: inout ServeSettings) -> Void
    ) -> ServeSetting {
        text(name, help, byDefault) { text, settings in
            guard !text.isEmpty, text != "none" else {
                set(nil, &settings)
                return nil
            }
            guard let place = SocketPlace(text) else { return "it is HOST:PORT, such as 127.0.0.1:10911" }
            set(place, &settings)
            return nil
        }
    }

    static func number(
        _ name: String, _ help: String, _ byDefault: Int64, _ range: ClosedRange<Int64>,
        _ set: @escaping @Sendable (_ number: Int64, _ settings: inout ServeSettings) -> Void
    ) -> ServeSetting {
        ServeSetting(name: name, help: help, byDefault: String(byDefault)) { value, settings in
            guard let number = value.number, range.contains(number) else {
                return "it is a number from \(range.lowerBound) to \(range.upperBound)"
            }
            set(number, &settings)
            return nil
        }
    }

    static func flag(
        _ name: String, _ help: String, _ byDefault: Bool,
        _ set: @escaping @Sendable (_ on: Bool, _ settings: inout ServeSettings) -> Void
    ) -> ServeSetting {
        ServeSetting(name: name, help: help, byDefault: String(byDefault)) { value, settings in
            guard let flag = value.flag else { return "it is true or false" }
            set(flag, &settings)
            return nil
        }
    }
}
