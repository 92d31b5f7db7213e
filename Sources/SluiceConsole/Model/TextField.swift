/// A line of text being typed.
struct TextField: Sendable, Equatable {
    private(set) var characters: [Character]
    private(set) var cursor: Int
    /// More is not taken; far above what anybody types.
    static let limit = 65_536

    init(_ text: String = "") {
        characters = Array(text.prefix(Self.limit))
        cursor = characters.count
    }

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }
    /// Without white space at both ends.
    var trimmed: String {
        let start = characters.firstIndex { !$0.isWhitespace } ?? characters.endIndex
        let end = characters.lastIndex { !$0.isWhitespace } ?? start
        return start < characters.endIndex ? String(characters[start...end]) : ""
    }

    mutating func insert(_ text: String) {
        let added = text.prefix(max(0, Self.limit - characters.count))
        characters.insert(contentsOf: added, at: cursor)
        cursor += added.count
    }

    mutating func set(_ text: String) { self = TextField(text) }

    /// Does what an editing key asks for; false for other operations.
    mutating func edit(_ operation: Operation) -> Bool {
        switch operation {
        case .cursorLeft: cursor = max(0, cursor - 1)
        case .cursorRight: cursor = min(characters.count, cursor + 1)
        case .lineStart: cursor -= place.column
        case .lineEnd: cursor += lines[place.row].count - place.column
        case .deleteBack:
            guard cursor > 0 else { return true }
            cursor -= 1
            characters.remove(at: cursor)
        case .deleteForward:
            if cursor < characters.count { characters.remove(at: cursor) }
        case .clearLine: self = TextField()
        default: return false
        }
        return true
    }

    /// The cursor to the line above (-1) or below (1), in the same column as far as that line goes; false where there
    /// is none.
    mutating func moveLine(_ step: Int) -> Bool {
        let (row, column) = place
        let all = lines
        guard all.indices.contains(row + step) else { return false }
        let before = all[..<(row + step)].reduce(0) { $0 + $1.count + 1 }
        cursor = before + min(column, all[row + step].count)
        return true
    }

    /// The text by lines, at least one.
    var lines: [ArraySlice<Character>] {
        characters.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The cursor's line and its place in it.
    var place: (row: Int, column: Int) {
        let before = characters[..<cursor]
        let start = before.lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
        return (before.filter(\.isNewline).count, cursor - start)
    }

    /// One of its lines as a field of its own, with the cursor where it is.
    func line(_ index: Int) -> TextField {
        let all = lines
        var field = TextField(all.indices.contains(index) ? String(all[index]) : "")
        let place = place
        field.cursor = index == place.row ? min(place.column, field.characters.count) : 0
        return field
    }

    /// What of it is visible in so many columns, and the column of the cursor there.
    func window(_ width: Int) -> (text: String, cursor: Int) {
        guard width > 1 else { return ("", 0) }
        let widths = characters.map { DisplayWidth.of(Self.shown($0)) }
        var start = cursor
        var used = 0
        while start > 0, used + widths[start - 1] < width {
            start -= 1
            used += widths[start]
        }
        var end = cursor
        var total = used
        while end < characters.count, total + widths[end] < width {
            total += widths[end]
            end += 1
        }
        return (characters[start..<end].map(Self.shown).joined(), used)
    }

    private static func shown(_ character: Character) -> String {
        character.isNewline ? "⏎" : TextSanitiser.sanitise(String(character))
    }
}
