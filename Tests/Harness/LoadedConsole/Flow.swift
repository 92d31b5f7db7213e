import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Messages of 128 bytes into ten topics at a steady rate, and readers that take all of them out again.
final class Flow: Sendable {
    private let broker: EmbeddedBroker
    private let rate: Int
    private let published = Atomic<Int>(0)
    private let read = Atomic<Int>(0)
    private static let topics = (0..<10).map { "flow-\($0)" }
    private static let queues = 4

    init(_ broker: EmbeddedBroker, rate: Int) {
        self.broker = broker
        self.rate = rate
    }

    var counts: String { "\(published.load(ordering: .relaxed)) \(read.load(ordering: .relaxed))" }

    func start() {
        startThread { [self] in publish() }
        startThread { [self] in consume() }
    }

    /// Each millisecond what is due by then.
    private func publish() {
        let producer = Producer(broker.connection, ProducerOptions(window: 4_096))
        let numbers = Self.topics.map { producer.number(of: $0) }
        let body = [UInt8](repeating: 120, count: 128)
        let start = Self.nanoseconds
        var done = 0
        do throws(APIError) {
            while true {
                let due = Int((Self.nanoseconds - start) / 1_000) * rate / 1_000_000
                while done < due {
                    let key = Array("key-\(done)".utf8)
                    let (topic, queue) = (numbers[done % numbers.count], Int32(done / numbers.count % Self.queues))
                    try body.withUnsafeBufferPointer { (body) throws(APIError) in
                        try key.withUnsafeBufferPointer { (key) throws(APIError) in
                            try producer.post(
                                UnsafeRawBufferPointer(body), to: topic, queue: queue,
                                key: UnsafeRawBufferPointer(key))
                        }
                    }
                    done += 1
                }
                published.store(done, ordering: .relaxed)
                usleep(1_000)
            }
        } catch {
            stop(error)
        }
    }

    /// Goes round the queues and reads what came.
    private func consume() {
        let consumer = PullConsumer(broker.connection, group: "readers")
        var places: [QueueID: Int64] = [:]
        while true {
            var taken = 0
            for topic in Self.topics {
                for queue in 0..<Self.queues {
                    let id = QueueID(topic, queue)
                    do throws(APIError) {
                        let from = places[id] ?? 0
                        let next = try consumer.fetch(id, from: from).next
                        places[id] = next
                        taken += Int(next - from)
                    } catch {
                        // The topic comes with its first message.
                        guard error.code == .notFound else { return stop(error) }
                    }
                }
            }
            read.add(taken, ordering: .relaxed)
            usleep(10_000)
        }
    }

    private func stop(_ error: APIError) {
        guard error.code != .unavailable else { return }
        print("sluice-loaded-console: \(error)")
        exit(1)
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context)
        precondition(code == 0, "the system gives no more threads")
    }

    private static var nanoseconds: Int64 { time(CLOCK_MONOTONIC) }
    /// Epoch milliseconds.
    static var milliseconds: Int64 { time(CLOCK_REALTIME) / 1_000_000 }

    private static func time(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
