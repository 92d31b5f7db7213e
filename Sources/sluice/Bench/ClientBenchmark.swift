import ArgumentParser
import CSluice
import Dispatch
import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Measures what the client library does and costs, against whatever broker the options name.
struct BenchClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Measure the client library against a broker, embedded or remote.",
        discussion: """
            One producer publishes to one topic of 8 queues with the window asked for; then one push consumer reads it \
            all. The topic is deleted afterwards. Each figure is the median of its rounds.

            JSON fields: publish_per_s, publish_cpu_us and consume_per_s, consume_cpu_us (processor time of this process \
            per message; with an embedded broker its own is in it), body_bytes, window, rounds.
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Bytes of a body.") var body = 128
    @Option(help: "Messages in flight.") var window = 1_024
    @Option(help: "Seconds of publishing a round.") var seconds = 5
    @Option(help: "Rounds; the median of each figure is reported.") var rounds = 5

    func validate() throws {
        guard (1...Limits.maxBodyBytes).contains(body), window > 0, seconds > 0, rounds > 0 else {
            throw ValidationError("body, window, seconds and rounds must be above 0, and body within a message's limit")
        }
    }

    func run() throws {
        var figures = Figures()
        try common.withBroker(create: true) { broker in
            for round in 0..<rounds { try measure(broker, topic: "sluice-bench-\(getpid())-\(round)", &figures) }
        }
        var output = Output()
        if common.json {
            var object = JSONObject()
            for (name, value) in figures.medians { object.add(name, value, places: 2) }
            object.add("body_bytes", body)
            object.add("window", window)
            object.add("rounds", rounds)
            output.write(object)
        } else {
            for (name, value) in figures.medians { output.write("\(name) \((value * 100).rounded() / 100)\n") }
        }
        try output.flush()
    }

    private func measure(_ broker: any BrokerAccess, topic: String, _ figures: inout Figures) throws {
        let admin = broker.admin
        try blocking { try await admin.createTopic(TopicConfig(name: topic, readQueues: 8, writeQueues: 8)) }
        defer { try? blocking { try await admin.deleteTopic(topic) } }
        let (count, published) = try timed { try publish(broker.connection, topic) }
        figures.add("publish_per_s", Double(count) / published.seconds)
        figures.add("publish_cpu_us", published.cpuMicroseconds / Double(max(1, count)))
        let (_, consumed) = try timed { try consume(broker.connection, topic, count) }
        figures.add("consume_per_s", Double(count) / consumed.seconds)
        figures.add("consume_cpu_us", consumed.cpuMicroseconds / Double(max(1, count)))
    }

    private struct Cost {
        var seconds: Double
        var cpuMicroseconds: Double
    }

    private func timed<T>(_ work: () throws -> T) rethrows -> (T, Cost) {
        let (began, cpu) = (sluice_monotonic_nanoseconds(), sluice_cpu_nanoseconds())
        let result = try work()
        return (
            result,
            Cost(
                seconds: Double(sluice_monotonic_nanoseconds() - began) / 1e9,
                cpuMicroseconds: Double(sluice_cpu_nanoseconds() - cpu) / 1e3)
        )
    }

    /// Returns how many were acknowledged; one that was not ends the run.
    private func publish(_ connection: any Connection, _ topic: String) throws -> Int {
        var options = ProducerOptions(group: "sluice-bench")
        options.window = window
        let producer = Producer(connection, options)
        let failure = Mutex<APIError?>(nil)
        let acknowledged = Atomic<Int>(0)
        var sent = 0
        let end = sluice_monotonic_nanoseconds() + Int64(seconds) * 1_000_000_000
        let message = Message(topic: topic, body: [UInt8](repeating: 0x61, count: body))
        while sent & 255 != 0 || sluice_monotonic_nanoseconds() < end {
            try producer.post(message) { result in
                switch result {
                case .success: acknowledged.wrappingAdd(1, ordering: .relaxed)
                case .failure(let error): failure.withLock { $0 = error }
                }
            }
            sent += 1
        }
        producer.close()
        if let failure = failure.withLock({ $0 }) { throw failure }
        return acknowledged.load(ordering: .acquiring)
    }

    private func consume(_ connection: any Connection, _ topic: String, _ wanted: Int) throws {
        var options = ConsumerOptions(group: "sluice-bench-\(getpid())")
        options.from = .first
        options.batch = 32
        let seen = Atomic<Int>(0)
        let all = DispatchSemaphore(value: 0)
        let consumer = PushConsumer(connection, options) { messages in
            if seen.wrappingAdd(messages.count, ordering: .relaxed).newValue >= wanted { all.signal() }
            return .success
        }
        try consumer.subscribe(topic)
        try consumer.start()
        defer { consumer.shutdown() }
        var before = 0
        while seen.load(ordering: .relaxed) < wanted {
            _ = all.wait(timeout: .now() + 10)
            let now = seen.load(ordering: .relaxed)
            guard now > before || now >= wanted else {
                throw APIError(.failed, "only \(now) of \(wanted) messages came, and none in the last ten seconds")
            }
            before = now
        }
    }
}
