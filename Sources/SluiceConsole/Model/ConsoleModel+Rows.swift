import SluiceAPI
import SluiceMessage

// MARK: Rows
extension ConsoleModel {
    /// Filters and sorts the rows of the screen in front anew, and keeps the selection on its row.
    mutating func arrange() {
        prepareBody()
        rows = arrangedRows()
        if !list.isChosen {
            list.selected = isAtNewest ? rows.count - 1 : 0
        } else if let id = list.selectedID, let position = rows.firstIndex(where: { $0.id == id }) {
            list.selected = position
        }
        noteFollowed()
        settleList()
        let ids = rows.isEmpty || list.marks.isEmpty ? nil : Set(allRowIDs)
        if let ids { list.marks.formIntersection(ids) }
    }

    /// Brings selection and scroll into range; every update ends with it.
    mutating func settleList() {
        var state = list
        if isScroller {
            state.selected = max(0, min(state.selected, rowCount - max(1, pageRows)))
            state.top = state.selected
            state.selectedID = nil
        } else {
            state.settle(count: rows.count, page: pageRows)
            if rows.indices.contains(state.selected) { state.selectedID = rows[state.selected].id }
        }
        list = state
    }

    /// The newest page of a queue begins at its end.
    private var isAtNewest: Bool {
        guard case .messages(let id) = place else { return false }
        return pageStarts[id]?.offset == nil
    }

    /// Screens of lines rather than rows: moving scrolls.
    var isScroller: Bool { [.help, .message, .peakShaving, .settings].contains(screen) }

    var rowCount: Int {
        switch screen {
        case .help: settings.keymap.helpLines
        case .message: body?.count ?? 0
        case .settings: SettingsScreen.lines(self).count
        default: rows.count
        }
    }

    var selectedRow: Row? { rows.indices.contains(list.selected) ? rows[list.selected] : nil }

    private mutating func prepareBody() {
        guard case .message(let id, let offset) = place,
            let message = data.message[MessageID(queue: id, offset: offset)]?.value ?? nil
        else {
            (body, bodySource) = (nil, nil)
            return
        }
        let source = BodySource(
            message: MessageID(queue: id, offset: offset), view: bodyView, width: MessageScreen.bodyWidth(size))
        // A large body is not cut into lines anew with every answer.
        guard source != bodySource || body == nil else { return }
        (body, bodySource) = (BodyLines(message.body, as: bodyView, width: source.width), source)
    }

    private var allRowIDs: [String] {
        switch place {
        case .messages(let id): markedMessages.keys.filter { $0.queue == id }.map { String($0.offset) }
        case .transactions: data.halves.value?.items.map(\.id) ?? []
        case .delays: Array(markedDelays.keys)
        default: rows.map(\.id)
        }
    }

    private func arrangedRows() -> [Row] {
        switch place {
        case .overview: attention.enumerated().map { Row(id: $1.id, index: $0) }
        case .topics: topicRows()
        case .groups: groupRows()
        case .topic(let name): topicDetailRows(name)
        case .group(let name): groupQueueRows(name)
        case .messages(let id): messageRows(id)
        case .delays: delayRows()
        case .transactions: halfRows()
        case .replays: replayRows()
        case .calls: callRows()
        case .deadLetters: deadLetterRows()
        case .clients: clientRows()
        case .brokers: brokerRows()
        case .audit: auditRows()
        case .scenarios: scenarioRows
        case .message, .help, .peakShaving, .settings: []
        }
    }

    /// Indices of the items that pass the filter.
    func filtered<Item>(_ items: [Item], _ text: (Item) -> String) -> [Int] {
        guard let filter = list.filter else { return Array(items.indices) }
        return items.indices.filter { filter.matches(text(items[$0])) }
    }

    func ordered<Item, Value: Comparable>(
        _ indices: [Int], _ items: [Item], name: (Item) -> String, by value: (Item) -> Value
    ) -> [Int] {
        let values = indices.map { value(items[$0]) }
        let names = indices.map { name(items[$0]) }
        let down = list.descending
        // Places are sorted and not the values, which would be moved about with all that they refer to.
        var order = Array(indices.indices)
        values.withUnsafeBufferPointer { values in
            names.withUnsafeBufferPointer { names in
                order.sort { a, b in
                    if values[a] != values[b] { return down ? values[a] > values[b] : values[a] < values[b] }
                    return names[a] == names[b] ? a < b : names[a] < names[b]
                }
            }
        }
        return order.map { indices[$0] }
    }

    private func topicRows() -> [Row] {
        let items = data.topics.value ?? []
        let name = { (topic: TopicSummary) in topic.config.name }
        var shown = filtered(items, name)
        if !showsAllTopics { shown.removeAll { items[$0].kind != .normal } }
        switch list.sort {
        case .depth: shown = ordered(shown, items, name: name) { $0.depth }
        case .inRate: shown = ordered(shown, items, name: name) { data.published[$0.config.name]?.rate ?? -1 }
        case .outRate: shown = ordered(shown, items, name: name) { data.delivered[$0.config.name]?.rate ?? -1 }
        default: shown = ordered(shown, items, name: name, by: name)
        }
        return shown.map { Row(id: items[$0].config.name, index: $0) }
    }

    private func groupRows() -> [Row] {
        let items = data.groups.value ?? []
        let name = { (group: GroupSummary) in group.config.name }
        var shown = filtered(items, name)
        if !showsAllTopics { shown.removeAll { items[$0].isInternal } }
        switch list.sort {
        case .lag: shown = ordered(shown, items, name: name) { $0.lag ?? -1 }
        case .behind: shown = ordered(shown, items, name: name) { $0.behind ?? -1 }
        case .clients: shown = ordered(shown, items, name: name) { $0.clients }
        case .outRate: shown = ordered(shown, items, name: name) { data.committed[$0.config.name]?.rate ?? -1 }
        default: shown = ordered(shown, items, name: name, by: name)
        }
        return shown.map { Row(id: items[$0].config.name, index: $0) }
    }

    /// The queues, then the groups.
    private func topicDetailRows(_ name: String) -> [Row] {
        guard let status = data.topic[name]?.value else { return [] }
        let queues = status.queues.indices.map { Row(id: "queue \(status.queues[$0].queue)", index: $0) }
        let groups = filtered(status.groups) { $0.group }
        return queues + groups.map { Row(id: "group " + status.groups[$0].group, index: $0) }
    }

    private func groupQueueRows(_ name: String) -> [Row] {
        let items = data.group[name]?.value?.queues ?? []
        let text = { (queue: GroupQueueStatus) in "\(queue.id.topic) \(queue.id.queue) \(queue.client ?? "")" }
        let id = { (queue: GroupQueueStatus) in "\(queue.id.topic)/\(queue.id.queue)" }
        var shown = filtered(items, text)
        switch list.sort {
        case .lag: shown = ordered(shown, items, name: id) { $0.lag }
        case .behind: shown = ordered(shown, items, name: id) { $0.behind ?? -1 }
        default: break
        }
        return shown.map { Row(id: id(items[$0]), index: $0) }
    }

    private func messageRows(_ id: QueueID) -> [Row] {
        let items = data.pages[id]?.value?.messages ?? []
        return filtered(items, Self.filterText).map { Row(id: String(items[$0].queueOffset), index: $0) }
    }

    /// What a filter looks at in a message: id, tag, keys and the beginning of the body.
    static func filterText(_ message: StoredMessage) -> String {
        "\(message.id) \(message.tag ?? "") \(message.keys.joined(separator: " ")) "
            + String(decoding: message.body.prefix(1024), as: UTF8.self)
    }

    private func delayRows() -> [Row] {
        let items = data.delays.value?.items ?? []
        let id = { (delay: PendingDelay) in delay.id }
        var shown = filtered(items) { "\($0.topic) \($0.id) \($0.tag ?? "") \($0.keys.joined(separator: " "))" }
        if list.sort == .topic { shown = ordered(shown, items, name: { "\($0.due)" }, by: { $0.topic }) }
        if list.sort == .due { shown = ordered(shown, items, name: id) { $0.due } }
        return shown.map { Row(id: items[$0].id, index: $0) }
    }

    private func replayRows() -> [Row] {
        let items = replays
        let shown = filtered(items) { "\($0.plan.topic) \($0.plan.target ?? "") \($0.state.rawValue)" }
        // The newest is the one somebody looks for.
        return shown.sorted { items[$0].id > items[$1].id }.map { Row(id: String(items[$0].id), index: $0) }
    }

    private func callRows() -> [Row] {
        let shown = filtered(calls.calls) { "\($0.call.kind.rawValue) \($0.call.what) \($0.call.result)" }
        return shown.reversed().map { Row(id: String(calls.calls[$0].number), index: $0) }
    }

    private func halfRows() -> [Row] {
        let items = data.halves.value?.items ?? []
        var shown = filtered(items) {
            "\($0.topic) \($0.id) \($0.producerGroup) \($0.keys.joined(separator: " "))"
        }
        let id = { (half: HalfMessage) in half.id }
        switch list.sort {
        case .age: shown = ordered(shown, items, name: id) { -$0.storeTimestamp }
        case .topic: shown = ordered(shown, items, name: id) { $0.topic }
        case .checks: shown = ordered(shown, items, name: id) { $0.checks }
        case .producerGroup: shown = ordered(shown, items, name: id) { $0.producerGroup }
        default: break
        }
        return shown.map { Row(id: items[$0].id, index: $0) }
    }
}
