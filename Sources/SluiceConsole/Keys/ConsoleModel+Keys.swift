import SluiceAPI
import SluiceMessage

// MARK: Keys
extension ConsoleModel {
    mutating func press(_ key: Key, _ effects: inout [Effect]) {
        if dialog != nil { return pressInDialog(key, &effects) }
        if prompt != nil { return pressInPrompt(key, &effects) }
        guard let binding = KeyTable.binding(for: key, on: screen) else {
            if screen == .peakShaving, case .character(let character) = key,
                scenario?.keys.contains(where: { $0.key == character }) == true
            {
                effects.append(.scenarioKey(character))
            }
            return
        }
        if let reason = binding.disabled(self) {
            say(reason, .bad)
            effects.append(.bell)
            return
        }
        perform(binding.operation, &effects)
    }

    mutating func perform(_ operation: Operation, _ effects: inout [Effect]) {
        if move(operation, &effects) || sort(operation) { return }
        switch operation {
        case .open: open(&effects)
        case .back: back(&effects)
        case .historyBack: if history.step(-1) { arrive(&effects) }
        case .historyForward: if history.step(1) { arrive(&effects) }
        case .lastPlace: if let last = history.last { go(to: last, &effects) }
        case .overview: go(to: .overview, &effects)
        case .topics: go(to: .topics, &effects)
        case .groups: go(to: .groups, &effects)
        case .delays: go(to: .delays, &effects)
        case .transactions: go(to: .transactions, &effects)
        case .peakShaving: go(to: .peakShaving, &effects)
        case .help: place == .help ? back(&effects) : go(to: .help, &effects)
        case .command: prompt = Prompt(kind: .command)
        case .filter: prompt = Prompt(kind: .filter, field: TextField(list.filter?.source ?? ""), before: list.filter)
        case .pause: togglePause(&effects)
        case .refresh: refresh(&effects, byHand: true)
        case .interval: chooseInterval()
        case .theme: chooseTheme(&effects)
        case .quit: effects.append(.quit)
        case .publish: openPublish(topic: nil)
        case .commit: openResolve(.commit, &effects)
        case .rollback: openResolve(.rollback, &effects)
        case .replay: openReplay(&effects)
        case .mark: mark()
        case .clearMarks:
            list.marks = []
            markedMessages = [:]
        case .copyID:
            if let id = selectedID {
                effects.append(.copy(id))
                say("Copied \(id)", .good, for: 4000)
            }
        case .zoomIn: setZoom(zoom - 1, &effects)
        case .zoomOut: setZoom(zoom + 1, &effects)
        case .jump:
            if case .messages(let id) = place { dialog = .jump(JumpDialog(title: "\(id.topic) / queue \(id.queue)")) }
        case .previousQueue: otherQueue(-1, &effects)
        case .nextQueue: otherQueue(1, &effects)
        case .nextView:
            bodyView = bodyView.next
            list.selected = 0
            arrange()
        case .showAll:
            showsAllTopics.toggle()
            arrange()
        default: break
        }
    }

    // MARK: Order, marks, zoom
    private static let sorts: [Operation: SortKey] = [
        .sortName: .name, .sortDepth: .depth, .sortIn: .inRate, .sortOut: .outRate, .sortLag: .lag,
        .sortBehind: .behind, .sortClients: .clients, .sortDue: .due, .sortTopic: .topic, .sortAge: .age,
        .sortChecks: .checks, .sortProducer: .producerGroup,
    ]

    private mutating func sort(_ operation: Operation) -> Bool {
        guard let key = Self.sorts[operation] else { return false }
        // The same once more turns it round.
        list.descending = list.sort == key ? !list.descending : key.startsDescending
        list.sort = key
        arrange()
        return true
    }

    private mutating func mark() {
        guard let row = selectedRow else { return }
        let isMarked = list.marks.remove(row.id) == nil
        if isMarked { list.marks.insert(row.id) }
        if case .messages(let id) = place, let messages = data.pages[id]?.value?.messages,
            messages.indices.contains(row.index)
        {
            // Pages come and go: what is marked is kept, so that the next page does not lose it.
            let message = messages[row.index]
            markedMessages[MessageID(queue: id, offset: message.queueOffset)] = isMarked ? message : nil
        }
        select(list.selected + 1)
    }

    private static let flowSpans = [60, 120, 300, 600]

    private mutating func setZoom(_ level: Int, _ effects: inout [Effect]) {
        if screen == .peakShaving {
            let index = Self.flowSpans.firstIndex(of: flowSpan) ?? 1
            flowSpan = Self.flowSpans[max(0, min(index + level - zoom, Self.flowSpans.count - 1))]
            return
        }
        zoom = max(0, min(level, DelayZoom.widths.count - 1))
        for query in needs where inFlight[query.slot] == nil { ask(query, &effects) }
    }

    private mutating func togglePause(_ effects: inout [Effect]) {
        isPaused.toggle()
        if !isPaused { refresh(&effects) }
    }

    private var selectedID: String? {
        switch place {
        case .messages(let id):
            guard let row = selectedRow, let messages = data.pages[id]?.value?.messages,
                messages.indices.contains(row.index)
            else { return nil }
            return messages[row.index].id
        case .message(let id, let offset): return (data.message[MessageID(queue: id, offset: offset)]?.value ?? nil)?.id
        case .delays, .transactions: return selectedRow?.id
        default: return nil
        }
    }
}
