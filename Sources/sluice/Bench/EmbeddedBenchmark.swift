import CSluice
import Glibc
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceStorage
import Synchronization

/// Measures the embedded broker through the public Client, beside raw loops of the same run.
struct EmbeddedBenchmark {
    var folder: String
    var durability: Durability
    /// Bytes of log a throughput case writes at least, and seconds it runs at least.
    var bytes: Int64
    var seconds: Int64
    static let topics = 100
    static let queues = 8
    static let window = 1_024

    /// What one publishing case measured.
    struct Published {
        var perSecond: Double
        var count: Int64
        var latencies: LatencyRecorder
    }

    /// Topics that messages of one size go to.
    static func topicNames(_ bodyBytes: Int) -> [String] { (0..<topics).map { "bench-\(bodyBytes)-\($0)" } }

    /// Publishes bodies of one size from one thread with ``window`` in flight, counted when acknowledged.
    func publish(_ broker: EmbeddedBroker, bodyBytes: Int) async throws -> Published {
        for name in Self.topicNames(bodyBytes) {
            let config = TopicConfig(name: name, readQueues: Self.queues, writeQueues: Self.queues)
            try await broker.admin.updateTopic(config)
        }
        let run = PublishRun(connection: broker.connection, bodyBytes: bodyBytes)
        return try run.go(least: seconds, bytes: bytes)
    }

    /// Reads everything that topics hold through pulls on two threads: sums checked, topic, keys, tags and body looked at.
    func read(_ broker: EmbeddedBroker, topics: [String]) throws -> (perSecond: Double, count: Int64) {
        let next = Atomic<Int>(0)
        let total = Atomic<Int64>(0)
        let failed = Mutex<String?>(nil)
        let began = sluice_monotonic_nanoseconds()
        onThreads(2) {
            do {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < topics.count * Self.queues else { return }
                    let queue = QueueID(topics[index / Self.queues], index % Self.queues)
                    total.wrappingAdd(try Self.drain(broker, queue), ordering: .relaxed)
                }
            } catch {
                failed.withLock { $0 = "\(error)" }
            }
        }
        if let problem = failed.withLock({ $0 }) { throw APIError(.failed, problem) }
        let count = total.load(ordering: .relaxed)
        return (Double(count) * 1e9 / Double(sluice_monotonic_nanoseconds() - began), count)
    }

    private static func drain(_ broker: EmbeddedBroker, _ queue: QueueID) throws -> Int64 {
        let consumer = PullConsumer(broker.connection, group: "bench-read")
        var offset: Int64 = 0
        var count: Int64 = 0
        while true {
            let (records, next) = try consumer.fetch(queue, from: offset, limit: 512, maxBytes: 256 << 10)
            guard next > offset else { return count }
            offset = next
            var touched = 0
            records.eachRecord { view in
                let scan = PropertyScan(view.properties)
                guard scan.uniqueKey != nil, scan.keys != nil, view.topic.count > 0, let last = view.body.last else {
                    return
                }
                touched += Int(last & 1) + (scan.tags?.count ?? 0)
                count += 1
            }
            blackHole.store(touched, ordering: .relaxed)
        }
    }

    private static let blackHole = Atomic<Int>(0)

    /// 64 producers, each with one message of 1 KiB in flight: the next one leaves when the last one is acknowledged.
    func closedLoop(_ broker: EmbeddedBroker, producers: Int, seconds: Int64) async throws -> Double {
        let producer = Producer(broker.connection, ProducerOptions(group: "bench", compressOver: nil))
        let body = [UInt8](repeating: 97, count: 1_024)
        let end = sluice_monotonic_nanoseconds() + seconds * 1_000_000_000
        let began = sluice_monotonic_nanoseconds()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<producers {
                group.addTask {
                    var sent = 0
                    let message = Message(
                        topic: "bench-sync-\(number % Self.topics)", body: body, keys: ["key-\(number)"], queue: 0)
                    while sluice_monotonic_nanoseconds() < end {
                        _ = try await producer.send(message)
                        sent += 1
                    }
                    return sent
                }
            }
            return try await group.reduce(0, +)
        }
        let elapsed = sluice_monotonic_nanoseconds() - began
        producer.close()
        return Double(count) * 1e9 / Double(elapsed)
    }
}

/// Runs a body on so many threads of its own and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box)
        if code == 0 { threads.append(thread) }
    }
    for thread in threads { pthread_join(thread, nil) }
}

/// One publishing case: bodies of one size over 100 topics of 8 queues, a unique key and a key each.
final class PublishRun: Sendable {
    private let producer: Producer
    private let bodyBytes: Int
    private let shared: Shared

    /// What the acknowledging thread counts. Answers come in the order of posting, so that the number of a message says
    /// when it was posted; every 64th is timed.
    ///
    /// `@unchecked Sendable`: a slot of `posted` is written before its message is handed over and read after its answer.
    final class Shared: @unchecked Sendable {
        let acknowledged = Atomic<Int64>(0)
        let failed = Atomic<Int64>(0)
        let latencies = Mutex(LatencyRecorder())
        let posted = UnsafeMutablePointer<Int64>.allocate(capacity: 1_024)
        init() { posted.initialize(repeating: 0, count: 1_024) }
        deinit { posted.deallocate() }
    }
    static let timedEvery: Int64 = 64

    init(connection: any Connection, bodyBytes: Int) {
        self.bodyBytes = bodyBytes
        let shared = Shared()
        self.shared = shared
        let options = ProducerOptions(group: "bench", window: EmbeddedBenchmark.window, compressOver: nil)
        producer = Producer(connection, options) { batch in
            let first = shared.acknowledged.wrappingAdd(Int64(batch.count), ordering: .relaxed).oldValue
            if !batch.errors.isEmpty { shared.failed.wrappingAdd(Int64(batch.errors.count), ordering: .relaxed) }
            let now = sluice_monotonic_nanoseconds()
            var number = (first + Self.timedEvery - 1) / Self.timedEvery * Self.timedEvery
            shared.latencies.withLock { recorder in
                while number < first + Int64(batch.count) {
                    recorder.add(nanoseconds: now - shared.posted[Int(number / Self.timedEvery) & 1_023])
                    number += Self.timedEvery
                }
            }
        }
    }

    func go(least seconds: Int64, bytes: Int64) throws -> EmbeddedBenchmark.Published {
        let numbers = EmbeddedBenchmark.topicNames(bodyBytes).map { producer.number(of: $0) }
        let body = [UInt8](repeating: 98, count: bodyBytes)
        var key = Array("order-000000000000".utf8)
        var count: Int64 = 0
        let record = Int64(Record.size(body: bodyBytes, topic: 12, properties: 92))
        let began = sluice_monotonic_nanoseconds()
        let end = began + seconds * 1_000_000_000
        while true {
            if count & 1_023 == 0, count * record >= bytes, sluice_monotonic_nanoseconds() >= end { break }
            if count % Self.timedEvery == 0 {
                shared.posted[Int(count / Self.timedEvery) & 1_023] = sluice_monotonic_nanoseconds()
            }
            Self.write(count, into: &key)
            let lane = Int(count) % (EmbeddedBenchmark.topics * EmbeddedBenchmark.queues)
            try body.withUnsafeBytes { body in
                try key.withUnsafeBytes { key in
                    try producer.post(
                        body, to: numbers[lane % EmbeddedBenchmark.topics],
                        queue: Int32(lane / EmbeddedBenchmark.topics),
                        key: key)
                }
            }
            count += 1
        }
        producer.flush()
        let elapsed = sluice_monotonic_nanoseconds() - began
        producer.close()
        let acknowledged = shared.acknowledged.load(ordering: .relaxed)
        let failed = shared.failed.load(ordering: .relaxed)
        guard acknowledged == count, failed == 0 else {
            throw APIError(
                .failed, "of \(count) messages \(acknowledged) were answered, \(failed) of them with an error")
        }
        return .init(
            perSecond: Double(count) * 1e9 / Double(elapsed), count: count, latencies: shared.latencies.withLock { $0 })
    }

    private static func write(_ number: Int64, into key: inout [UInt8]) {
        var rest = number
        var at = key.count - 1
        while at >= 6 {
            key[at] = UInt8(48 + rest % 10)
            rest /= 10
            at -= 1
        }
    }
}
