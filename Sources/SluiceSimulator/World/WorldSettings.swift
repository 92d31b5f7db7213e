import SluiceBroker
import SluiceStorage

/// How a world is laid out: decided by its seed.
struct WorldSettings {
    var store = StoreOptions()
    var broker = BrokerOptions()
    var producers = 4
    var topics = ["orders", "stock", "mail", "auto-a", "auto-b"]
    var groups = ["billing", "shipping", "slow", "audit"]
    var broadcastGroup = "caches"
    var producerGroups = ["tellers", "clerks"]

    init(_ random: inout SeededGenerator) {
        func pick<T>(_ values: [T]) -> T { values[Int.random(in: values.indices, using: &random)] }
        store.durable = pick([true, true, false])
        store.segmentBytes = pick([32 << 10, 64 << 10, 128 << 10])
        store.checkpointBytes = pick([64 << 10, 256 << 10, 1 << 20])
        store.retainMilliseconds = pick([72 * 3_600_000, 6 * 3_600_000, 30 * 60_000])
        store.retainBytes = pick([nil, 1 << 20, 2 << 20])
        broker.maxChecks = pick([2, 4])
        broker.checkInterval = pick([10_000, 60_000])
        broker.delaysInMemory = pick([1 << 17, 64, 16])
        broker.defaultQueues = pick([2, 4])
        broker.reputsHalves = pick([false, false, true])
    }
}
