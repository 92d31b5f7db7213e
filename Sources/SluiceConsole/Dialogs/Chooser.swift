/// Picks one of a few: a theme or a refresh interval.
struct Chooser: Sendable {
    enum Purpose: Sendable { case theme, interval }
    var purpose: Purpose
    var title: String
    var choices: [String]
    var selected: Int
    /// What was in force before, for Esc.
    var original: String

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        switch operation {
        case .choiceUp, .choiceDown:
            guard !choices.isEmpty else { return [] }
            selected = (selected + (operation == .choiceUp ? choices.count - 1 : 1)) % choices.count
            // A theme is seen at once; an interval is taken with Enter.
            return purpose == .theme ? [.choose(choices[selected])] : []
        case .accept:
            guard choices.indices.contains(selected) else { return [.close] }
            return [.choose(choices[selected]), .close]
        case .cancel: return purpose == .theme ? [.choose(original), .close] : [.close]
        default: return []
        }
    }

    static let intervals = ["500ms", "1s", "2s", "5s", "10s", "30s", "1m"]
}

/// Asks for the offset to jump to.
struct JumpDialog: Sendable {
    var title: String
    var field = TextField()
    var problem: String?

    mutating func perform(_ operation: Operation) -> [DialogRequest] {
        if field.edit(operation) { return [] }
        switch operation {
        case .accept:
            guard let offset = Int64(field.trimmed), offset >= 0 else {
                problem = tr("An offset is a number from 0 on.")
                return [.bell]
            }
            return [.jump(offset), .close]
        case .cancel: return [.close]
        default: return []
        }
    }
}
