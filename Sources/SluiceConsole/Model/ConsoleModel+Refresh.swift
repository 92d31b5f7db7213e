import SluiceAPI
import SluiceMessage

// MARK: Asking
extension ConsoleModel {
    static let overviewHistogramWidth: Int64 = 60_000
    static let overviewHistogramBuckets = 242
    static let overviewHalves = 3
    /// Rows asked for of lists that can be long; the screen says when there are more.
    static let listLimit = 1000
    static let histogramBars = 60

    /// What the screen in front lives on.
    var needs: [Query] {
        var list: [Query] = [.broker, .flow(since: data.flow.since(now: now))]
        let second = now / 1000 * 1000
        switch place {
        case .overview:
            list += [
                .topics, .groups, .halves(limit: Self.overviewHalves),
                .histogram(start: second, width: Self.overviewHistogramWidth, buckets: Self.overviewHistogramBuckets),
            ]
        case .topics: list.append(.topics)
        case .groups: list.append(.groups)
        case .delays:
            let width = DelayZoom.widths[zoom]
            list += [
                .delays(topic: nil, limit: Self.listLimit),
                .histogram(start: second, width: width, buckets: Self.histogramBars + 1),
            ]
        case .transactions: list.append(.halves(limit: Self.listLimit))
        case .peakShaving:
            list.append(.groups)
            if let worst = worstGroup { list.append(.group(worst)) }
        case .topic(let name): list.append(.topic(name))
        case .messages(let id): list.append(.topic(id.topic))
        case .group(let name): list.append(.group(name))
        case .message(let id, let offset):
            let known = data.message[MessageID(queue: id, offset: offset)]
            if known?.value == nil { list.append(.page(topic: id.topic, queue: id.queue, from: offset, limit: 1)) }
        case .help: break
        }
        return list
    }

    /// The clustering group with the largest lag.
    var worstGroup: String? {
        data.groups.value?.filter { ($0.lag ?? 0) > 0 }.max { ($0.lag ?? 0) < ($1.lag ?? 0) }?.config.name
    }

    mutating func refresh(_ effects: inout [Effect], byHand: Bool = false) {
        lastRefresh = now
        if case .messages(let id) = place, data.pages[id]?.error != nil { pageAsked = nil }
        // The same question is not asked twice at a time.
        for query in needs where inFlight[query.slot] == nil { ask(query, &effects, byHand: byHand) }
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
