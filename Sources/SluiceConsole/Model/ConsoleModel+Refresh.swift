import SluiceAPI
import SluiceMessage

// MARK: Asking
extension ConsoleModel {
    static let overviewHistogramWidth: Int64 = 60_000
    static let overviewHistogramBuckets = 242
    static let overviewHalves = 3
    /// Topics and groups that the overview has room for on most screens.
    static let overviewRows = 20
    /// Rows asked for of lists that can be long; the screen says when there are more.
    static let listLimit = 1000
    static let histogramBars = 60

    /// What the screen in front lives on.
    var needs: [Query] {
        var list: [Query] = [.broker, .flow(since: data.flow.since(now: now))]
        if asksFeatures { list += [.question(.features), .question(.brokers)] }
        if case .operate(let open) = dialog { list += open.questions(open.actions) }
        let second = now / 1000 * 1000
        switch place {
        case .overview:
            list += [
                .topics, .groups, .halves(limit: Self.overviewHalves),
                .histogram(start: second, width: Self.overviewHistogramWidth, buckets: Self.overviewHistogramBuckets),
            ]
            list += gateQuestions
        case .topics: list += [.topics] + questions(.publishLimits, of: .publishLimit)
        case .groups: list += [.groups] + gateQuestions
        case .deadLetters: list += [.groups, .topics]
        case .clients: list += questions(.clients, of: .clients)
        case .brokers: list.append(.question(.brokers))
        case .audit: list += questions(auditQuestion, of: .audit)
        case .settings: break
        case .delays:
            list += [.delays(delayQuery), histogramQuery]
        case .transactions: list += [.halves(limit: Self.listLimit), .question(.checks)]
        case .replays: list.append(.question(.replays))
        case .calls: break
        case .peakShaving:
            list += [.groups] + gateQuestions
            if let worst = worstGroup { list.append(.group(worst)) }
        case .topic(let name): list += [.topic(name)] + questions(.publishLimits, of: .publishLimit)
        case .messages(let id): list.append(.topic(id.topic))
        case .group(let name):
            list.append(.group(name))
            list += questions(.gates(group: name), of: .gateLimit, .pause)
        case .message(let id, let offset):
            list += messageNeeds(id, offset)
        case .scenarios, .help: break
        }
        if settings.alerts.needsGroups, !list.contains(.groups) { list.append(.groups) }
        return list
    }

    /// The gates that are not open.
    private var gateQuestions: [Query] { questions(.gates(group: nil), of: .gateLimit, .pause) }

    /// The clustering group with the largest lag.
    var worstGroup: String? {
        data.groups.value?.filter { ($0.lag ?? 0) > 0 }.max { ($0.lag ?? 0) < ($1.lag ?? 0) }?.config.name
    }

    mutating func refresh(_ effects: inout [Effect], byHand: Bool = false) {
        lastRefresh = now
        if case .messages(let id) = place, data.pages[id]?.error != nil { pageAsked = nil }
        let names = visibleNames
        if names != watched {
            watched = names
            effects.append(.watch(names))
        }
        // The same question is not asked twice at a time.
        for query in needs where inFlight[query.slot] == nil { ask(query, &effects, byHand: byHand) }
    }

    /// Topics and groups on the screen, where a broker of RocketMQ counts them one by one; empty elsewhere.
    var visibleNames: Set<String> {
        guard brokers.contains(where: { $0.kind != .sluice }) else { return [] }
        switch place {
        case .topics, .groups, .deadLetters:
            return Set(rows.dropFirst(list.top).prefix(max(pageRows, 1)).map(\.id))
        case .overview:
            let topics = OverviewScreen.topics(data.topics.value ?? [], Self.overviewRows).map(\.config.name)
            return Set(topics + OverviewScreen.groups(data.groups.value ?? [], Self.overviewRows).map(\.config.name))
        default: return []
        }
    }

    mutating func ask(_ query: Query, _ effects: inout [Effect], byHand: Bool = false) {
        let ticket = ticket()
        inFlight[query.slot] = ticket
        if byHand { manualRefresh.insert(ticket) }
        effects.append(.ask(ticket, query))
    }

    /// Asks for the messages of the page in front, once for each page and each length of the queue.
    mutating func askForPage(_ effects: inout [Effect]) {
        guard let wanted = wantedPage, wanted != pageAsked else { return }
        if let page = data.pages[wanted.id]?.value, page.from == wanted.from, data.pages[wanted.id]?.error == nil,
            page.messages.count >= wanted.rows
        {
            return
        }
        pageAsked = wanted
        ask(.page(topic: wanted.id.topic, queue: wanted.id.queue, from: wanted.from, limit: wanted.rows), &effects)
    }

    /// The page that the messages screen shows; nil elsewhere and while the queue's offsets are not known.
    var wantedPage: WantedPage? {
        guard case .messages(let id) = place, let status = queueStatus(id) else { return nil }
        let rows = max(1, pageRows)
        let newest = max(status.minOffset, status.maxOffset - Int64(rows))
        let from = min(max(pageStarts[id]?.offset ?? newest, status.minOffset), max(status.minOffset, status.maxOffset))
        return WantedPage(id: id, from: from, rows: rows, end: status.maxOffset)
    }

    func queueStatus(_ id: QueueID) -> QueueStatus? {
        data.topic[id.topic]?.value?.queues.first { $0.queue == id.queue }
    }
}

/// A page of messages as it was asked for: it is asked for again when the queue has grown.
struct WantedPage: Sendable, Equatable {
    var id: QueueID
    var from: Int64
    var rows: Int
    var end: Int64
}
