import SluiceAPI

// MARK: What is left out
extension ConsoleModel {
    /// What the list in front leaves out, in a sentence; nil where it is the whole.
    var screenNote: String? {
        switch screen {
        case .delays: data.delays.value?.note ?? Self.sentence(data.delays.value?.coverage)
        case .transactions: data.halves.value?.note ?? Self.sentence(data.halves.value?.coverage)
        case .topics: Self.sentence(data.topics.value?.first?.coverage)
        case .groups, .deadLetters: Self.sentence(data.groups.value?.first?.coverage)
        default: nil
        }
    }

    /// Lines of the list in front that the note takes.
    var noteLines: Int { screenNote == nil ? 0 : 1 }

    /// `broker-b does not answer`; nil where all do.
    static func sentence(_ coverage: Coverage?) -> String? {
        guard let silent = coverage?.without, let first = silent.first else { return nil }
        return silent.count == 1
            ? tr("\(first) does not answer") : tr("\(silent.joined(separator: ", ")) do not answer")
    }

    /// Behind the title of a panel that is a part only.
    func partMark(_ coverage: Coverage?) -> [Span] {
        Self.sentence(coverage).map { [Span($0, .warning)] } ?? []
    }

    /// The note in the last line of a list.
    func drawNote(_ painter: inout Painter, _ rect: Rect) {
        guard let screenNote, rect.height > 3 else { return }
        painter.put(screenNote, x: rect.x + 4, y: rect.maxY - 1, width: rect.width - 5, .warning)
    }
}
