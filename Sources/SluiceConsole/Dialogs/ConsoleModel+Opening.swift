import SluiceAPI
import SluiceMessage

// MARK: Opening dialogs
extension ConsoleModel {
    static let readOnlySentence = "This console is read-only: it was started to look, not to change."

    /// Why nothing can be changed; nil when it can.
    var whyNoActing: String? { settings.readOnly ? Self.readOnlySentence : nil }

    func whyNoHalf(_ feature: Feature = .resolve) -> String? {
        whyNoAct(feature) ?? (selectedHalves.isEmpty ? "There is no half message to resolve." : nil)
    }

    var whyNoReplay: String? {
        if let reason = whyNoActing { return reason }
        if deadLetterQueue != nil { return whyNoResend }
        switch place {
        case .groups, .group:
            if let reason = whyNot(.reset) { return reason }
            guard let name = groupInFront else { return "There is no group to move." }
            let summary = groupSummary(name)
            return summary?.model == .broadcasting
                ? "\(name) is broadcasting: its clients keep their own offsets." : nil
        case .topics, .topic:
            return whyNot(.pacedReplay) ?? (topicInFront == nil ? "There is no topic to replay." : nil)
        default: return whyNot(.republish) ?? (selectedMessages.isEmpty ? "There is no message to publish again." : nil)
        }
    }

    var whyNoBody: String? { selectedMessages.isEmpty ? "There is no message to show." : nil }

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

    mutating func openResolve(_ resolution: Resolution, _ effects: inout [Effect]) {
        let halves = selectedHalves
        guard !halves.isEmpty else { return }
        let open = ResolveDialog(halves: halves, resolution: resolution)
        dialog = .resolve(open)
        fulfil(open.look(), &effects)
    }

    mutating func openReplay(_ effects: inout [Effect]) {
        if deadLetterQueue != nil { return openResend(&effects) }
        if let group = groupInFront { return openReset(group, &effects) }
        if case .topics = place, let topic = topicInFront { return openRange(topic, &effects) }
        if case .topic(let topic) = place { return openRange(topic, &effects) }
        let messages = selectedMessages
        guard !messages.isEmpty else { return }
        var open = ReplayDialog(messages: messages)
        let requests = open.look()
        dialog = .replay(open)
        fulfil(requests, &effects)
    }

    mutating func openReset(_ group: String, _ effects: inout [Effect]) {
        let summary = groupSummary(group)
        // A group's retry topic moves with nothing: it is not offered.
        let topics = (summary?.topics ?? []).filter { !$0.hasPrefix(TopicName.retryPrefix) }
        var open = ResetDialog(group: group, topics: topics)
        if case .group = place, let row = selectedRow, let queues = data.group[group]?.value?.queues,
            queues.indices.contains(row.index)
        {
            open.topic = topics.firstIndex(of: queues[row.index].id.topic) ?? 0
        }
        let requests = open.look(dialogContext)
        dialog = .reset(open)
        fulfil(requests, &effects)
    }

    mutating func chooseInterval() {
        let texts = Chooser.intervals
        let current = texts.firstIndex { Moments.length($0) == refreshInterval } ?? 1
        dialog = .chooser(
            Chooser(
                purpose: .interval, title: "Refresh every", choices: texts, selected: current, original: texts[current])
        )
    }

    mutating func chooseTheme(_ effects: inout [Effect]) {
        let current = themeNames.firstIndex(of: theme.name) ?? 0
        dialog = .chooser(
            Chooser(purpose: .theme, title: "Theme", choices: themeNames, selected: current, original: theme.name))
        effects.append(.listThemes)
    }

    /// The wheel scrolls, a click selects, a double click opens.
    mutating func handle(_ mouse: Mouse, _ effects: inout [Effect]) {
        guard leaving == nil, prompt == nil else { return }
        if case .chooser = dialog, mouse.kind == .wheelUp || mouse.kind == .wheelDown {
            return pressInDialog(mouse.kind == .wheelUp ? .up : .down, &effects)
        }
        guard dialog == nil else { return }
        switch mouse.kind {
        case .wheelUp: perform(.up, &effects)
        case .wheelDown: perform(.down, &effects)
        case .press, .doublePress:
            if mouse.y == size.height - 1, let key = Frame.footerKey(at: mouse.x, self) { return press(key, &effects) }
            guard let first = firstListRow, !isScroller else { return }
            let position = list.top + mouse.y - first
            guard mouse.y >= first, mouse.y < first + pageRows, rows.indices.contains(position) else { return }
            list.selected = position
            list.selectedID = rows[position].id
            list.isChosen = true
            if mouse.kind == .doublePress { open(&effects) }
        }
    }
}
