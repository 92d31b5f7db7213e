import SluiceAPI
import SluiceMessage

// MARK: Moving
extension ConsoleModel {
    mutating func move(_ operation: Operation, _ effects: inout [Effect]) -> Bool {
        let page = max(1, pageRows)
        let count = isScroller ? rowCount : rows.count
        if case .messages(let id) = place, turnPage(operation, id, page) { return true }
        if turnDelays(operation, &effects) { return true }
        switch operation {
        case .up: select(list.selected - 1)
        case .down: select(list.selected + 1)
        case .pageUp: select(list.selected - page)
        case .pageDown: select(list.selected + page)
        case .top: select(0)
        case .bottom: select(count - 1)
        default: return false
        }
        return true
    }

    mutating func select(_ position: Int) {
        list.selected = position
        list.selectedID = nil
        list.isChosen = true
        if followed?.place == place { followed = nil }
        settleList()
    }

    /// On the messages screen the queue goes on above and below what is shown.
    private mutating func turnPage(_ operation: Operation, _ id: QueueID, _ page: Int) -> Bool {
        guard let wanted = wantedPage, let status = queueStatus(id) else { return false }
        let last = max(status.minOffset, status.maxOffset - Int64(page))
        var start = wanted.from
        switch operation {
        case .up:
            guard list.selected == 0, start > status.minOffset else { return false }
            start -= 1
        case .down:
            guard list.selected >= rows.count - 1, start < last else { return false }
            start += 1
        case .pageUp:
            guard start > status.minOffset else { return false }
            start = max(status.minOffset, start - Int64(page))
        case .pageDown:
            guard start < last else { return false }
            start = min(last, start + Int64(page))
        case .top: start = status.minOffset
        case .bottom: start = last
        default: return false
        }
        pageStarts[id] = start >= last ? PageStart(offset: nil) : PageStart(offset: start)
        if operation == .top || operation == .bottom { select(operation == .top ? 0 : page - 1) }
        list.selectedID = nil
        list.isChosen = true
        return true
    }

    mutating func jump(to offset: Int64) {
        guard case .messages(let id) = place, let status = queueStatus(id) else { return }
        guard offset >= status.minOffset, offset < status.maxOffset else {
            say(
                tr(
                    "Queue \(queueName(id.queue)) holds \(Format.exact(status.minOffset)) to \(Format.exact(status.maxOffset - 1))."
                ),
                .bad)
            return
        }
        pageStarts[id] = PageStart(offset: offset)
        list.selected = 0
        list.selectedID = String(offset)
        list.isChosen = true
    }

    mutating func otherQueue(_ step: Int, _ effects: inout [Effect]) {
        guard case .messages(let id) = place, let queues = data.topic[id.topic]?.value?.queues.map(\.queue),
            !queues.isEmpty
        else { return }
        let index = queues.firstIndex(of: id.queue) ?? 0
        go(to: .messages(QueueID(id.topic, queues[(index + step + queues.count) % queues.count])), &effects)
    }

    mutating func open(_ effects: inout [Effect]) {
        guard let row = selectedRow else { return }
        switch place {
        case .overview:
            if attention.indices.contains(row.index), let target = attention[row.index].target {
                go(to: target, &effects)
            }
        case .topics: go(to: .topic(row.id), &effects)
        case .groups: go(to: .group(row.id), &effects)
        case .topic(let name):
            guard let status = data.topic[name]?.value else { return }
            if row.id.hasPrefix("queue "), status.queues.indices.contains(row.index) {
                go(to: .messages(QueueID(name, status.queues[row.index].queue)), &effects)
            } else if status.groups.indices.contains(row.index) {
                go(to: .group(status.groups[row.index].group), &effects)
            }
        case .group(let name):
            guard let queues = data.group[name]?.value?.queues, queues.indices.contains(row.index) else { return }
            let queue = queues[row.index]
            pageStarts[queue.id] = PageStart(offset: queue.offset)
            go(to: .messages(queue.id), &effects)
        case .messages(let id):
            guard let messages = data.pages[id]?.value?.messages, messages.indices.contains(row.index) else { return }
            let message = messages[row.index]
            // It is here already: no need to ask for it again.
            data.message[MessageID(queue: id, offset: message.queueOffset), default: Fetched()].take(message, at: now)
            go(to: .message(id, offset: message.queueOffset), &effects)
        case .transactions: showHalfTopic(row, &effects)
        case .replays:
            guard replays.indices.contains(row.index) else { return }
            let plan = replays[row.index].plan
            go(to: .topic(plan.target ?? plan.topic), &effects)
        case .deadLetters: goToDeadLetters(of: row.id, &effects)
        case .clients:
            let all = clients
            guard all.indices.contains(row.index), all[row.index].role == .consumer else { return }
            go(to: .group(all[row.index].group), &effects)
        case .scenarios: startScenario(row, &effects)
        case .calls, .delays, .message, .peakShaving, .help, .brokers, .audit, .settings: break
        }
    }

    private mutating func showHalfTopic(_ row: Row, _ effects: inout [Effect]) {
        guard let items = data.halves.value?.items, items.indices.contains(row.index) else { return }
        go(to: .topic(items[row.index].topic), &effects)
    }

    mutating func back(_ effects: inout [Effect]) {
        if list.filter != nil {
            list.filter = nil
            arrange()
        } else if place == .delays, delayTopic != nil || delayKey != nil {
            find(topic: nil, key: nil, &effects)
        } else if place == .calls, let last = history.last, last != .calls {
            go(to: last, &effects)
        } else if place == .help, let last = history.last, last != .help {
            go(to: last, &effects)
        } else if let parent = place.parent {
            go(to: parent, &effects)
        }
    }
}
