import CSluice
import Dispatch
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Many unresolved half messages: what it costs to store them, to look at them, to resolve some, and to start with them.
struct TransactionBenchmark {
    var unresolved: Int
    var durability: Durability

    private static let topic = "bench-tx"

    func measure(_ folder: String) throws -> BenchReport {
        var object = BenchReport()
        let options = EmbeddedOptions(dataFolder: folder, durability: durability)
        let broker = try EmbeddedBroker.open(options)
        defer { broker.close() }
        let restBytes = sluice_resident_bytes()
        let producer = TransactionProducer(broker.connection, group: "bench-tx") { _ in .unknown }
        let toResolve = max(1, min(100_000, unresolved / 2))
        let (rate, receipts) = try fill(producer, keeping: toResolve)
        object.add("unresolved", unresolved)
        object.add("half_per_s", rate, places: 0)
        object.add("rss_mb", Double(sluice_resident_bytes() - restBytes) / 1_048_576, places: 1)
        object.add("count_ms", try time(broker) { try await $0.halves(skip: 0, limit: 1).total }, places: 2)
        object.add("page_ms", try time(broker) { try await $0.halves(skip: 0, limit: 100).items.count }, places: 2)
        let deep = unresolved / 2
        object.add(
            "deep_page_ms", try time(broker) { try await $0.halves(skip: deep, limit: 100).items.count }, places: 2)
        object.add("resolve_per_s", try resolve(producer, receipts), places: 0)
        producer.close()
        broker.close()
        let began = sluice_monotonic_nanoseconds()
        let again = try EmbeddedBroker.open(options)
        object.add("start_ms", Double(sluice_monotonic_nanoseconds() - began) / 1e6, places: 1)
        defer { again.close() }
        let left = try blocking { try await again.admin.broker().unresolvedHalves }
        guard left == unresolved - receipts.count else {
            throw APIError(.failed, "\(left) halves are unresolved after a restart, not \(unresolved - receipts.count)")
        }
        return object
    }

    /// Stores the halves; the receipts of the first are kept to resolve them.
    private func fill(
        _ producer: TransactionProducer, keeping kept: Int
    ) throws -> (perSecond: Double, receipts: [SendReceipt]) {
        let receipts = Mutex<(list: [SendReceipt], failed: Int)>(([], 0))
        let began = sluice_monotonic_nanoseconds()
        for number in 0..<unresolved {
            // No check-back comes before all is measured.
            let message = Message(
                topic: Self.topic, body: Array("transaction \(number)".utf8), keys: ["tx-\(number)"],
                properties: [Property(PropertyName.checkImmunity, "3600")])
            try producer.post(message) { result in
                receipts.withLock { receipts in
                    switch result {
                    case .success(let receipt): if receipts.list.count < kept { receipts.list.append(receipt) }
                    case .failure: receipts.failed += 1
                    }
                }
            }
        }
        producer.flush()
        let elapsed = sluice_monotonic_nanoseconds() - began
        let (list, failed) = receipts.withLock { $0 }
        guard failed == 0 else { throw APIError(.failed, "\(failed) of \(unresolved) halves were refused") }
        return (Double(unresolved) * 1e9 / Double(elapsed), list)
    }

    /// Commits and rolls back in turns, at most 1,024 at once.
    private func resolve(_ producer: TransactionProducer, _ receipts: [SendReceipt]) throws -> Double {
        let window = 1_024
        let free = DispatchSemaphore(value: window)
        let failed = Atomic<Int>(0)
        let began = sluice_monotonic_nanoseconds()
        for (number, receipt) in receipts.enumerated() {
            free.wait()
            producer.end(receipt, as: number % 2 == 0 ? .commit : .rollback) { error in
                if error != nil { failed.wrappingAdd(1, ordering: .relaxed) }
                free.signal()
            }
        }
        for _ in 0..<window { free.wait() }
        for _ in 0..<window { free.signal() }
        let failures = failed.load(ordering: .relaxed)
        guard failures == 0 else { throw APIError(.failed, "\(failures) of \(receipts.count) could not be resolved") }
        return Double(receipts.count) * 1e9 / Double(sluice_monotonic_nanoseconds() - began)
    }

    private func time(_ broker: EmbeddedBroker, _ body: @escaping @Sendable (any Admin) async throws -> Int) throws
        -> Double
    {
        let admin = broker.admin
        let began = sluice_monotonic_nanoseconds()
        guard try blocking({ try await body(admin) }) > 0 || unresolved == 0 else {
            throw APIError(.failed, "no unresolved half was listed")
        }
        return Double(sluice_monotonic_nanoseconds() - began) / 1e6
    }
}
