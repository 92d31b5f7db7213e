import SluiceAPI
import SluiceMessage

// MARK: Keys
extension ConsoleModel {
    mutating func press(_ key: Key, _ effects: inout [Effect]) {
        if leaving != nil { return pressWhileLeaving(key, &effects) }
        if dialog != nil { return pressInDialog(key, &effects) }
        if prompt != nil { return pressInPrompt(key, &effects) }
        if case .character(let character) = key, scenarioKeys.contains(where: { $0.key == character }) {
            if let reason = whyNoActing { return say(reason, .bad) }
            return effects.append(.scenarioKey(character))
        }
        guard let binding = settings.keymap.binding(for: key, on: screen) else { return }
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
        case .deadLetters: go(to: .deadLetters, &effects)
        case .peakShaving: go(to: .peakShaving, &effects)
        case .scenarios: go(to: .scenarios, &effects)
        case .clients: go(to: .clients, &effects)
        case .brokers: go(to: .brokers, &effects)
        case .audit: go(to: .audit, &effects)
        case .settings: go(to: .settings, &effects)
        case .scenarioList: showsScenarioList.toggle()
        case .help: place == .help ? back(&effects) : go(to: .help, &effects)
        case .command: prompt = Prompt(kind: .command)
        case .filter: prompt = Prompt(kind: .filter, field: TextField(list.filter?.source ?? ""), before: list.filter)
        case .pause: togglePause(&effects)
        case .refresh: refresh(&effects, byHand: true)
        case .interval: chooseInterval()
        case .theme: chooseTheme(&effects)
        case .language: speak(settings.language.next)
        case .quit: leave(.quit, &effects)
        case .export: proposeExport()
        case .openBody: openBody(&effects)
        case .publish: openPublish(topic: nil)
        case .commit: openResolve(.commit, &effects)
        case .rollback: openResolve(.rollback, &effects)
        case .replay: openReplay(&effects)
        case .recheck: openRecheck(&effects)
        case .undo: takeBack(&effects)
        case .cancelDelay: openCancelDelays(&effects)
        case .deliverNow: openDeliverNow(&effects)
        case .reschedule: openReschedule(&effects)
        case .toggleReplay: toggleReplay(&effects)
        case .cancelReplay: openCancelReplay(&effects)
        case .find: dialog = .find(FindDialog(delayQuery))
        case .load: showsLoad.toggle()
        case .scrollBack: scrollHistogram(-1, &effects)
        case .scrollForward: scrollHistogram(1, &effects)
        case .whatIf: openWhatIf()
        case .calls: place == .calls ? back(&effects) : go(to: .calls, &effects)
        case .replays: go(to: .replays, &effects)
        case .follow: follow()
        case .gate: openGate(&effects)
        case .limit: openLimit(&effects)
        case .create: openCreate(&effects)
        case .edit: openEdit(&effects)
        case .delete: openDelete(&effects)
        case .resend: openResend(&effects)
        case .resendAll: openResendAll(&effects)
        case .verify: if inFlight[.question(.verifyAudit)] == nil { ask(.question(.verifyAudit), &effects) }
        case .older: turnAudit(-1, &effects)
        case .newer: turnAudit(1, &effects)
        case .mark: mark()
        case .markAll: markAll()
        case .clearMarks:
            list.marks = []
            markedMessages = [:]
            markedDelays = [:]
        case .copyID:
            if let id = selectedID {
                effects.append(.copy(id))
                say(tr("Copied \(id)"), .good, for: 4000)
            }
        case .zoomIn: setZoom(zoom - 1, &effects)
        case .zoomOut: setZoom(zoom + 1, &effects)
        case .jump:
            if case .messages(let id) = place { dialog = .jump(JumpDialog(title: queueTitle(id))) }
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
        .sortChecks: .checks, .sortProducer: .producerGroup, .sortGroup: .group, .sortAddress: .address,
        .sortLanguage: .language, .sortVersion: .version,
    ]

    private mutating func sort(_ operation: Operation) -> Bool {
        guard let key = Self.sorts[operation] else { return false }
        sort(by: key)
        return true
    }

    mutating func sort(by key: SortKey) {
        // The same once more turns it round.
        list.descending = list.sort == key ? !list.descending : key.startsDescending
        list.sort = key
        arrange()
    }

    private mutating func mark() {
        guard let row = selectedRow else { return }
        mark(row, list.marks.remove(row.id) == nil)
        select(list.selected + 1)
    }

    private mutating func markAll() {
        for row in rows { mark(row, true) }
        let marked = Format.plural(list.marks.count, "row")
        let isPage = screen == .messages && !rows.isEmpty
        say(isPage ? tr("\(marked) marked on this page.") : tr("\(marked) marked."), for: 4000)
    }

    private mutating func mark(_ row: Row, _ isMarked: Bool) {
        if isMarked { list.marks.insert(row.id) }
        if place == .delays, let items = data.delays.value?.items, items.indices.contains(row.index) {
            markedDelays[row.id] = isMarked ? items[row.index] : nil
        }
        if case .messages(let id) = place, let messages = data.pages[id]?.value?.messages,
            messages.indices.contains(row.index)
        {
            // Pages come and go: what is marked is kept, so that the next page does not lose it.
            let message = messages[row.index]
            markedMessages[MessageID(queue: id, offset: message.queueOffset)] = isMarked ? message : nil
        }
    }

    // MARK: Following a row
    private mutating func follow() {
        guard let row = selectedRow else { return }
        if followed?.place == place, followed?.id == row.id {
            followed = nil
            return say(tr("No row is followed any more."), for: 4000)
        }
        followed = (place, row.id)
        list.isChosen = true
        list.selectedID = row.id
        say(tr("Following \(row.id): F lets it go."), for: 4000)
    }

    /// Says when the followed row has left; its place in the list is then nobody's.
    mutating func noteFollowed() {
        guard let followed, followed.place == place, list.filter == nil, !rows.contains(where: { $0.id == followed.id })
        else { return }
        self.followed = nil
        say(tr("\(followed.id) has left the list."), .bad, for: 15_000)
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
        case .clients:
            guard let row = selectedRow, clients.indices.contains(row.index) else { return nil }
            return clients[row.index].client.id
        case .audit:
            guard let row = selectedRow, case let deeds = deeds, deeds.indices.contains(row.index) else { return nil }
            return deeds[row.index].entry?.hash
        default: return nil
        }
    }
}
