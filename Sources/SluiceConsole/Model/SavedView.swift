import SluiceMessage

/// A screen with its filter and order, as `:save` keeps it: `name value` lines, so that it can be read and edited.
struct SavedView: Sendable, Equatable {
    var place: String
    var filter: String?
    var sort: SortKey?
    var isDescending = false
    var showsAllTopics = false

    var text: String {
        var text = "screen \(place)\n"
        if let filter { text += "filter \(filter)\n" }
        if let sort { text += "sort \(sort.rawValue) \(isDescending ? "descending" : "ascending")\n" }
        if showsAllTopics { text += "all-topics yes\n" }
        return text
    }

    init(place: String) { self.place = place }

    /// Nil when a line is none of these.
    init?(_ text: String) {
        self.init(place: "")
        for line in text.split(whereSeparator: \.isNewline) {
            guard let space = line.firstIndex(of: " ") else { return nil }
            let value = String(line[line.index(after: space)...])
            switch line[..<space] {
            case "screen": place = value
            case "filter": filter = value
            case "sort":
                let words = value.split(separator: " ")
                guard let name = words.first, let key = SortKey(rawValue: String(name)) else { return nil }
                (sort, isDescending) = (key, words.last == "descending")
            case "all-topics": showsAllTopics = value == "yes"
            default: return nil
            }
        }
        guard Location(named: place) != nil else { return nil }
    }

    /// No path, no hidden file.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.first != 0x2E
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2F && $0 != 0x7F }
    }
}

extension Location {
    /// What a place is called outside: a screen's name, `topic:NAME`, `group:NAME`, `messages:TOPIC/QUEUE`.
    init?(named name: String) {
        if let screen = Screen(rawValue: name), let place = Location(screen) {
            self = place
            return
        }
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "topic": self = .topic(parts[1])
        case "group": self = .group(parts[1])
        case "messages":
            guard let slash = parts[1].lastIndex(of: "/"), slash > parts[1].startIndex,
                let queue = Int(parts[1][parts[1].index(after: slash)...]), queue >= 0
            else { return nil }
            self = .messages(QueueID(String(parts[1][..<slash]), queue))
        default: return nil
        }
    }

    /// The name that ``init(named:)`` reads; nil where a place has none.
    var name: String? {
        switch self {
        case .topic(let name): "topic:\(name)"
        case .group(let name): "group:\(name)"
        case .messages(let id): "messages:\(id.topic)/\(id.queue)"
        default: Location(screen) == self ? screen.rawValue : nil
        }
    }
}
