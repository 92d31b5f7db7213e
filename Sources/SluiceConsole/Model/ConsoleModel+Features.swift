import SluiceAPI
import SluiceMessage

// MARK: What the brokers can do
extension ConsoleModel {
    /// How far the brokers have a feature; nil while they were not asked or have not answered.
    func availability(_ feature: Feature) -> Availability? {
        guard case .features(let all)? = data.told[.features]?.value else { return nil }
        return all[feature]
    }

    /// Why the brokers cannot do something, in one sentence; nil when they can, or have not said yet.
    ///
    /// Keys are refused with it, and what only looks is not asked for.
    func whyNot(_ feature: Feature) -> String? {
        guard case .unavailable(let sentence)? = availability(feature) else { return nil }
        return tr(key: sentence)
    }

    /// How something is done by other means, in one sentence, for the dialog that does it; nil when it simply works.
    func substitute(for feature: Feature) -> String? {
        guard case .substitute(let sentence)? = availability(feature) else { return nil }
        return tr(key: sentence)
    }

    /// Why an action cannot be begun: this console only looks, or the brokers cannot do it.
    func whyNoAct(_ feature: Feature) -> String? { whyNoActing ?? whyNot(feature) }

    // MARK: Several brokers
    /// The brokers behind this connection; empty until they are known.
    var brokers: [BrokerNode] {
        guard case .brokers(let nodes)? = data.told[.brokers]?.value else { return [] }
        return nodes
    }

    /// A queue's number as people say it: `3`, or `broker-a/3` where there are several brokers.
    func queueName(_ number: Int) -> String {
        let broker = ClusterQueue.broker(number)
        // Queues that are not one broker's own, or numbers that were typed, stay as they are.
        guard number >= 0, brokers.count > 1 || broker > 0 else { return "\(number)" }
        let name = brokers.first { $0.index == broker }?.name ?? "#\(broker)"
        return "\(name)/\(ClusterQueue.queue(number))"
    }

    /// `orders / queue 3`.
    func queueTitle(_ id: QueueID) -> String { tr("\(id.topic) / queue \(queueName(id.queue))") }

    /// Columns that a queue's name takes in a table, at least `least`.
    func queueWidth(_ least: Int) -> Int {
        guard brokers.count > 1 else { return least }
        return max(least, min(24, 4 + (brokers.map { DisplayWidth.of($0.name) }.max() ?? 0)))
    }
}
