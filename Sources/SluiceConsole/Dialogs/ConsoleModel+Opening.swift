import SluiceAPI
import SluiceMessage

// MARK: Opening dialogs
extension ConsoleModel {
    static var readOnlySentence: String { tr("This console is read-only: it was started to look, not to change.") }

    /// Why nothing can be changed; nil when it can.
    var whyNoActing: String? { settings.readOnly ? Self.readOnlySentence : nil }

    func whyNoHalf(_ feature: Feature = .resolve) -> String? {
        whyNoAct(feature) ?? (selectedHalves.isEmpty ? tr("There is no half message to resolve.") : nil)
    }

    var whyNoReplay: String? {
        if let reason = whyNoActing { return reason }
        if deadLetterQueue != nil { return whyNoResend }
        switch place {
        case .groups, .group:
            if let reason = whyNot(.reset) { return reason }
            guard let name = groupInFront else { return tr("There is no group to move.") }
            let summary = groupSummary(name)
            return summary?.model == .broadcasting
                ? tr("\(name) is broadcasting: its clients keep their own offsets.") : nil
        case .topics, .topic:
            return whyNot(.pacedReplay) ?? (topicInFront == nil ? tr("There is no topic to replay.") : nil)
        default:
            return whyNot(.republish) ?? (selectedMessages.isEmpty ? tr("There is no message to publish again.") : nil)
        }
    }

    var whyNoBody: String? { selectedMessages.isEmpty ? tr("There is no message to show.") : nil }

    /// The marked halves, else the one selected.
    var selectedHalves: [HalfMessage] {
        guard place == .transactions, let items = data.halves.value?.items else { return [] }
        let marked = items.filter { list.marks.contains($0.id) }
        if !marked.isEmpty { return marked }
        guard let row = selectedRow, items.indices.contains(row.index) else { return [] }
        return [items[row.index]]
    }

    /// The marked messages, else the one selected or shown.
    var selectedMessages: [StoredMessage] {
        switch place {
        case .messages(let id):
            let items = data.pages[id]?.value?.messages ?? []
            let marked = markedMessages.filter { $0.key.queue == id }.values.sorted { $0.queueOffset < $1.queueOffset }
            if !marked.isEmpty { return marked }
            guard let row = selectedRow, items.indices.contains(row.index) else { return [] }
            return [items[row.index]]
        case .message(let id, let offset):
            return [data.message[MessageID(queue: id, offset: offset)]?.value ?? nil].compactMap { $0 }
        default: return []
        }
    }

    mutating func openPublish(topic: String?) {
        dialog = .publish(PublishForm(topic: topic ?? topicInFront, history: published))
    }

    mutating func chooseInterval() {
        let texts = Chooser.intervals
        let current = texts.firstIndex { Moments.length($0) == refreshInterval } ?? 1
        dialog = .chooser(
            Chooser(
                purpose: .interval, title: tr("Refresh every"), choices: texts, selected: current,
                original: texts[current])
        )
    }

    mutating func chooseTheme(_ effects: inout [Effect]) {
        let current = themeNames.firstIndex(of: theme.name) ?? 0
        dialog = .chooser(
            Chooser(purpose: .theme, title: tr("Theme"), choices: themeNames, selected: current, original: theme.name))
        effects.append(.listThemes)
    }
}
