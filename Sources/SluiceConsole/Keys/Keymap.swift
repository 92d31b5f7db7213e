/// The keys in force: those of the ``KeyTable``, with what the user bound anew. Keys of dialogs and of lines of text stay
/// as they are, since what guards an effect must not be moved onto a reflex.
public struct Keymap: Sendable {
    let bindings: [KeyBinding]
    private let byScreen: [Screen: [Key: Int]]
    /// Lines that the help takes.
    let helpLines: Int

    /// The table as it is.
    public static let standard = Keymap(KeyTable.bindings)

    private init(_ bindings: [KeyBinding]) {
        self.bindings = bindings
        var byScreen: [Screen: [Key: Int]] = [:]
        for screen in Screen.allCases {
            var table: [Key: Int] = [:]
            for (position, binding) in bindings.enumerated() where binding.applies(to: screen) {
                for key in binding.keys where table[key] == nil { table[key] = position }
            }
            byScreen[screen] = table
        }
        self.byScreen = byScreen
        helpLines = HelpScreen.lines(bindings).count
    }

    func binding(for key: Key, on screen: Screen) -> KeyBinding? { byScreen[screen]?[key].map { bindings[$0] } }

    /// The key that now does what one of the table does there.
    func key(insteadOf key: Key, on screen: Screen) -> Key {
        guard let operation = KeyTable.binding(for: key, on: screen)?.operation else { return key }
        return bindings.first { $0.operation == operation && $0.applies(to: screen) }?.keys.first ?? key
    }
}

// MARK: Binding anew
extension Keymap {
    /// Why a binding cannot be: a sentence without its end.
    public struct Problem: Error, Equatable, CustomStringConvertible {
        /// The operation as it was written.
        public let name: String
        public let description: String
    }

    /// The table with other keys for operations: names as ``names`` has them, keys as the help writes them (`W`,
    /// `Ctrl-W`, `F5`, `Space`, `PgUp`). What is given replaces all keys of that operation.
    public init(_ wishes: [(name: String, keys: [String])]) throws(Problem) {
        var bindings = KeyTable.bindings
        var changed: [Operation: String] = [:]
        for (name, texts) in wishes {
            guard let operation = Operation.bindable(name) else {
                let close = Self.names.min { Spelling.distance($0, name) < Spelling.distance($1, name) } ?? ""
                let hint = Spelling.distance(close, name) <= 3 ? "; did you mean \(close)?" : ""
                throw Problem(
                    name: name, description: "there is no operation \(name) that a key can be bound to\(hint)")
            }
            guard !texts.isEmpty else { throw Problem(name: name, description: "\(name) needs a key at least") }
            var keys: [Key] = []
            for text in texts {
                guard let key = Key(spelled: text) else {
                    throw Problem(
                        name: name,
                        description:
                            "\"\(text)\" is no key; a key is written W, Ctrl-W, Alt-W, F5, Space, Enter or PgUp")
                }
                keys.append(key)
            }
            changed[operation] = name
            for index in bindings.indices where bindings[index].operation == operation && bindings[index].isOnScreens {
                bindings[index].keys = keys
            }
        }
        try Self.check(bindings, changed)
        self.init(bindings)
    }

    private static func check(_ bindings: [KeyBinding], _ changed: [Operation: String]) throws(Problem) {
        for screen in Screen.allCases {
            var seen: [Key: Operation] = [:]
            for binding in bindings where binding.applies(to: screen) {
                for key in binding.keys {
                    guard let other = seen.updateValue(binding.operation, forKey: key) else { continue }
                    let name = changed[binding.operation] ?? changed[other] ?? ""
                    let rest = changed[binding.operation] == nil ? binding.operation : other
                    throw Problem(
                        name: name,
                        description: "\(key.name) is \(rest.bindingName) already on the screen \(screen.rawValue); "
                            + "bind that one to another key too")
                }
            }
        }
    }

    /// The operations that can be bound, sorted.
    public static let names: [String] = Set(KeyTable.bindings.filter(\.isOnScreens).map(\.operation.bindingName))
        .sorted()
}

extension KeyBinding {
    fileprivate var isOnScreens: Bool {
        switch context {
        case .everywhere, .screens: true
        case .dialog, .prompt: false
        }
    }
}

extension Operation {
    /// As the configuration writes it: `sort_lag`.
    var bindingName: String {
        rawValue.reduce(into: "") { name, character in
            name += character.isUppercase ? "_" + character.lowercased() : String(character)
        }
    }

    fileprivate static func bindable(_ name: String) -> Operation? {
        let found = allCases.first { $0.bindingName == name || $0.rawValue == name }
        return found.flatMap { found in Keymap.names.contains(found.bindingName) ? found : nil }
    }
}

extension Key {
    /// A key as help and configuration write it; nil for anything else.
    init?(spelled text: String) {
        let lower = text.lowercased()
        if text.count == 1, let character = text.first, !character.isWhitespace, character.unicodeScalars.count == 1,
            TextSanitiser.sanitise(text) == text
        {
            self = .character(character)
        } else if lower.hasPrefix("ctrl-"), lower.count == 6, let letter = lower.last, ("a"..."z").contains(letter) {
            // Ctrl-I, Ctrl-M and Ctrl-[ are Tab, Enter and Esc to a terminal; Ctrl-Z stays the shell's.
            guard !"imz".contains(letter) else { return nil }
            self = .control(letter)
        } else if lower.hasPrefix("alt-"), text.count == 5, let letter = text.last {
            self = .alt(letter)
        } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...12).contains(number) {
            self = .function(number)
        } else if let key = Self.spelled[lower] {
            self = key
        } else {
            return nil
        }
    }

    private static let spelled: [String: Key] = [
        "space": .character(" "), "enter": .enter, "tab": .tab, "shift-tab": .backTab, "esc": .escape,
        "backspace": .backspace, "del": .delete, "ins": .insert, "up": .up, "down": .down, "left": .left,
        "right": .right, "home": .home, "end": .end, "pgup": .pageUp, "pgdn": .pageDown,
    ]
}
