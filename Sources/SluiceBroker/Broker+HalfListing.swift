import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Looking at what is unresolved.
extension Broker {
    func halfPage(skip: Int, limit: Int) -> HalfPage {
        HalfPage(
            total: halves.count, setAside: halves.setAside, oldest: halves.eldest?.storeTimestamp,
            items: halves.page(skip: max(0, skip), limit: min(max(limit, 0), 10_000)).compactMap(halfMessage))
    }

    func halfMessage(_ entry: HalfIndex.Entry) -> HalfMessage? {
        guard let half = try? store.reader.record(at: entry.physicalOffset)?.messages().first else { return nil }
        let group = half.property(PropertyName.producerGroup) ?? ""
        return HalfMessage(
            id: half.id, topic: half.realTopic, queue: Int(half.property(PropertyName.realQueue) ?? "") ?? 0,
            producerGroup: group, storeTimestamp: entry.storeTimestamp, checks: Int(entry.checks),
            maxChecks: Int(options.maxChecks), nextCheck: entry.isSetAside ? nil : entry.nextCheck,
            producersOnline: producers[group]?.count ?? 0, tag: half.tag, keys: half.keys, bodySize: half.body.count,
            bodyPeek: Array(half.body.prefix(256)), physicalOffset: half.physicalOffset)
    }
}
