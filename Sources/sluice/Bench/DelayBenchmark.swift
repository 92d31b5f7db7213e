import CSluice
import Dispatch
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Many pending delays, and others that fall due at a steady rate beside them: how late each of these arrives.
struct DelayBenchmark {
    var pending: Int
    var duePerSecond: Int
    var seconds: Int

    private static let far = "bench-far"
    private static let near = "bench-near"

    func measure(_ folder: String) throws -> BenchReport {
        var object = BenchReport()
        let options = EmbeddedOptions(dataFolder: folder, durability: .async)
        let broker = try EmbeddedBroker.open(options)
        defer { broker.close() }
        let restBytes = sluice_resident_bytes()
        object.add("pending", pending)
        object.add("stored_per_s", try fill(broker), places: 0)
        object.add("rss_mb", Double(sluice_resident_bytes() - restBytes) / 1_048_576, places: 1)
        try look(broker, &object)
        try deliver(broker, &object)
        broker.close()
        let began = sluice_monotonic_nanoseconds()
        let again = try EmbeddedBroker.open(options)
        object.add("start_ms", Double(sluice_monotonic_nanoseconds() - began) / 1e6, places: 1)
        defer { again.close() }
        let left = try blocking { try await again.admin.broker().pendingDelays }
        guard left == pending else {
            throw APIError(.failed, "\(left) of \(pending) delays are pending after a restart")
        }
        return object
    }

    /// Stores what waits for long: due between one hour and ten days from now.
    private func fill(_ broker: EmbeddedBroker) throws -> Double {
        let producer = Producer(broker.connection, ProducerOptions(group: "bench", window: 8_192, compressOver: nil))
        let failed = Atomic<Int>(0)
        let began = sluice_monotonic_nanoseconds()
        let now = sluice_wall_milliseconds()
        for number in 0..<pending {
            // Spread evenly, in no order.
            let spread = Int64(number) * 2_654_435_761 % (10 * 86_400_000 - 3_600_000)
            let message = Message(
                topic: Self.far, body: Array("pending \(number)".utf8), keys: ["far-\(number)"],
                delay: .at(now + 3_600_000 + spread))
            try producer.post(message) { result in
                if case .failure = result { failed.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        producer.close()
        let failures = failed.load(ordering: .relaxed)
        guard failures == 0 else { throw APIError(.failed, "\(failures) of \(pending) messages were refused") }
        return Double(pending) * 1e9 / Double(sluice_monotonic_nanoseconds() - began)
    }

    /// What a console asks for.
    private func look(_ broker: EmbeddedBroker, _ object: inout BenchReport) throws {
        func time(_ name: String, _ body: @escaping @Sendable (any Admin) async throws -> Bool) throws {
            let admin = broker.admin
            let began = sluice_monotonic_nanoseconds()
            guard try blocking({ try await body(admin) }) else { throw APIError(.failed, "\(name): nothing was found") }
            object.add(name, Double(sluice_monotonic_nanoseconds() - began) / 1e6, places: 2)
        }
        guard pending > 0 else { return }
        let key = "far-\(pending / 2)"
        try time("page_ms") { try await !$0.delays(DelayQuery(limit: 100)).items.isEmpty }
        try time("page_by_topic_ms") { try await !$0.delays(DelayQuery(topic: Self.far, limit: 100)).items.isEmpty }
        try time("page_by_key_ms") { try await $0.delays(DelayQuery(key: key)).items.count == 1 }
        let now = sluice_wall_milliseconds()
        try time("histogram_ms") {
            try await $0.delayHistogram(start: now, width: 3_600_000, buckets: 240).counts.contains { $0 > 0 }
        }
    }

    /// Stores what is due soon at a steady rate, and takes it as it arrives.
    private func deliver(_ broker: EmbeddedBroker, _ object: inout BenchReport) throws {
        let count = duePerSecond * seconds
        let arrivals = Arrivals(count)
        var options = ConsumerOptions(group: "bench-delay")
        options.threads = 1
        let consumer = PushConsumer(broker.connection, options) {
            arrivals.take($0)
            return .success
        }
        try consumer.subscribe(Self.near)
        try consumer.start()
        defer { consumer.shutdown() }
        let producer = Producer(broker.connection, ProducerOptions(group: "bench", window: 8_192, compressOver: nil))
        // The first falls due when the last of a second's worth is stored.
        let start = sluice_wall_milliseconds() + 2_000 + Int64(count) / 200
        for number in 0..<count {
            let due = start + Int64(number) * 1_000 / Int64(duePerSecond)
            let message = Message(topic: Self.near, body: Array("\(number) \(due)".utf8), delay: .at(due))
            try producer.post(message) { _ in }
        }
        producer.close()
        arrivals.wait(milliseconds: start - sluice_wall_milliseconds() + Int64(seconds + 30) * 1_000)
        arrivals.report(duePerSecond, &object)
    }
}

/// What arrived when. Filled by the consumer's thread.
private final class Arrivals: Sendable {
    private struct State {
        var late = LatencyRecorder()
        var seen: [Bool]
        var arrived = 0
        var early = 0
        var duplicates = 0
    }
    private let state: Mutex<State>
    private let done = DispatchSemaphore(value: 0)

    init(_ count: Int) { state = Mutex(State(seen: Array(repeating: false, count: count))) }

    func take(_ messages: [StoredMessage]) {
        let now = sluice_wall_milliseconds()
        state.withLock { state in
            for message in messages {
                let parts = String(decoding: message.body, as: UTF8.self).split(separator: " ")
                guard parts.count == 2, let number = Int(parts[0]), let due = Int64(parts[1]),
                    state.seen.indices.contains(number)
                else { continue }
                if state.seen[number] { state.duplicates += 1 } else { state.arrived += 1 }
                state.seen[number] = true
                if message.storeTimestamp < due { state.early += 1 }
                state.late.add(nanoseconds: max(0, now - due) * 1_000_000)
            }
            if state.arrived == state.seen.count { done.signal() }
        }
    }

    /// Returns when all have arrived, or the time is over: what is missing then counts as lost.
    func wait(milliseconds: Int64) { _ = done.wait(timeout: .now() + .milliseconds(Int(milliseconds))) }

    func report(_ duePerSecond: Int, _ object: inout BenchReport) {
        state.withLock { state in
            object.add("due_per_s", duePerSecond)
            object.add("delivered", state.arrived)
            object.add("late_p50_ms", state.late.microseconds(0.5) / 1_000, places: 1)
            object.add("late_p99_ms", state.late.microseconds(0.99) / 1_000, places: 1)
            object.add("early", state.early)
            object.add("lost", state.seen.count - state.arrived)
            object.add("duplicates", state.duplicates)
        }
    }
}
