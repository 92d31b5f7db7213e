import SluiceAPI

// MARK: Which delays are listed
extension ConsoleModel {
    /// The page of delays that the screen shows.
    var delayQuery: DelayQuery {
        DelayQuery(topic: delayTopic, key: delayKey, skip: delaySkip, limit: Self.listLimit)
    }

    mutating func find(topic: String?, key: String?, _ effects: inout [Effect]) {
        delayTopic = topic
        delayKey = key
        showDelays(skip: 0, &effects)
    }

    /// Asks for another page at once; an answer to the one before is not waited for.
    mutating func showDelays(skip: Int, _ effects: inout [Effect]) {
        delaySkip = max(0, skip)
        lists[.delays] = ListState(
            sort: lists[.delays]?.sort, descending: lists[.delays]?.descending ?? false, filter: lists[.delays]?.filter,
            marks: lists[.delays]?.marks ?? [])
        ask(.delays(delayQuery), &effects)
    }

    /// Above the first row and below the last one the list goes on.
    mutating func turnDelays(_ operation: Operation, _ effects: inout [Effect]) -> Bool {
        guard place == .delays, let page = data.delays.value, shownDelays == delayQuery else { return false }
        let limit = Self.listLimit
        let isWhole = delayTopic == nil && delayKey == nil
        switch operation {
        case .down where list.selected >= rows.count - 1, .pageDown where list.selected >= rows.count - 1:
            guard page.items.count >= limit else { return false }
            showDelays(skip: delaySkip + limit, &effects)
        case .up where list.selected == 0, .pageUp where list.selected == 0:
            guard delaySkip > 0 else { return false }
            showDelays(skip: delaySkip - limit, &effects)
            list.selected = limit - 1
            list.isChosen = true
        case .top where delaySkip > 0: showDelays(skip: 0, &effects)
        case .bottom where isWhole && delaySkip + page.items.count < page.total:
            showDelays(skip: (page.total - 1) / limit * limit, &effects)
            list.selected = limit - 1
            list.isChosen = true
        default: return false
        }
        return true
    }

    /// The histogram as the delays screen shows it.
    struct ShownHistogram: Sendable, Equatable {
        /// Epoch ms of the first bar, ms a bar.
        var start: Int64
        var width: Int64
        var counts: [Int]
        /// What is due before the first bar, and behind the last one.
        var earlier: Int
        var later: Int
    }

    /// Nil while it was not answered. A part of it that the answer does not reach is left out.
    var shownHistogram: ShownHistogram? {
        let width = DelayZoom.widths[zoom]
        guard let found = data.histograms[width]?.value, found.width == width else { return nil }
        let bars = Self.histogramBars
        // The answer's buckets hold from when it was asked on: bars are those nearest to what is wanted.
        let wanted = now / 1000 * 1000 + Int64(histogramScroll) * width
        let first = max(0, Int((wanted - found.start + width / 2) / width))
        guard first < found.counts.count else { return nil }
        // The last bucket holds all that comes later.
        let end = min(first + bars, found.counts.count - 1)
        guard end > first else { return nil }
        return ShownHistogram(
            start: found.start + Int64(first) * width, width: width, counts: Array(found.counts[first..<end]),
            earlier: found.counts[..<first].reduce(0, +), later: found.counts[end...].reduce(0, +))
    }

    /// Asks for one bucket before and one behind what is shown.
    var histogramQuery: Query {
        let width = DelayZoom.widths[zoom]
        return .histogram(
            start: now / 1000 * 1000 + Int64(histogramScroll - 1) * width, width: width,
            buckets: Self.histogramBars + 2)
    }

    mutating func scrollHistogram(_ step: Int, _ effects: inout [Effect]) {
        let page = Self.histogramBars / 2
        // 40 days is as far as a delay can be.
        let last = Int(40 * 86_400_000 / DelayZoom.widths[zoom])
        histogramScroll = max(0, min(histogramScroll + step * page, last))
        ask(histogramQuery, &effects)
    }
}
