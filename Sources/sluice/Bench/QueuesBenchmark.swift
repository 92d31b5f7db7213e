import ArgumentParser
import CSluice
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceMessage
import SluiceScenarios
import Synchronization

/// `sluice bench queues`
struct BenchQueues: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Measure many queues with a message each, beside as many messages in one topic.",
        discussion: """
            JSON, one object: queues, per_s (messages a second, one to each queue in turn), one_topic_per_s (as many to \
            the 8 queues of one topic), ratio (of the two), rss_mb (what the queues and their messages add to what the \
            one topic took), start_ms (opening the folder with all queues).
            """)
    @Option(help: "Where to put the data; a temporary folder in it is used and removed.") var folder = "/tmp"
    @Option(help: "Queues, in topics of 1,000.") var queues = 100_000
    @Option(help: "sync or async.") var durability: Durability = .async
    @Option(help: "Rounds; the median of the rates is told.") var rounds = 5
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard (1_000...1_000_000).contains(queues), queues % 1_000 == 0, (1...100).contains(rounds) else {
            throw ValidationError("1,000 to 1,000,000 queues, in thousands, and 1 to 100 rounds")
        }
    }

    func run() throws {
        let scratch = try ScratchFolder.make(in: folder)
        defer { scratch.remove() }
        let report = try QueuesBenchmark(queues: queues, durability: durability, rounds: rounds).measure(scratch.path)
        var output = Output()
        if json { output.write(report.json) } else { output.write(report.lines) }
        try output.flush()
    }
}

/// A message to each of many queues, and as many to one topic.
struct QueuesBenchmark {
    var queues: Int
    var durability: Durability
    var rounds: Int
    private static let perTopic = 1_000
    private static let one = "bench-one"

    func measure(_ folder: String) throws -> BenchReport {
        var figures = Figures()
        for round in 0..<rounds { try measure("\(folder)/\(round)", &figures) }
        let medians = Dictionary(uniqueKeysWithValues: figures.medians)
        let (many, one) = (medians["many"] ?? 0, medians["one"] ?? 0)
        var report = BenchReport()
        report.add("queues", queues)
        report.add("per_s", many, places: 0)
        report.add("one_topic_per_s", one, places: 0)
        report.add("ratio", one > 0 ? many / one : 0, places: 2)
        report.add("rss_mb", medians["rss"] ?? 0, places: 1)
        report.add("start_ms", medians["start"] ?? 0, places: 1)
        return report
    }

    private func measure(_ folder: String, _ figures: inout Figures) throws {
        let options = EmbeddedOptions(dataFolder: folder, durability: durability)
        let broker = try EmbeddedBroker.open(options)
        defer { broker.close() }
        let topics = (0..<queues / Self.perTopic).map { "bench-\($0)" }
        try blocking {
            try await broker.admin.updateTopic(TopicConfig(name: Self.one, readQueues: 8, writeQueues: 8))
            for name in topics {
                let config = TopicConfig(name: name, readQueues: Self.perTopic, writeQueues: Self.perTopic)
                try await broker.admin.updateTopic(config)
            }
        }
        // Twice, since the first one finds everything cold.
        _ = try publish(broker, [Self.one], queues: 8)
        figures.add("one", try publish(broker, [Self.one], queues: 8))
        let before = sluice_resident_bytes()
        figures.add("many", try publish(broker, topics, queues: Self.perTopic))
        figures.add("rss", Double(sluice_resident_bytes() - before) / 1_048_576)
        broker.close()
        let began = sluice_monotonic_nanoseconds()
        let again = try EmbeddedBroker.open(options)
        figures.add("start", Double(sluice_monotonic_nanoseconds() - began) / 1e6)
        defer { again.close() }
        let depth = try blocking { try await again.admin.topics() }.reduce(0) { $0 + $1.depth }
        guard depth == Int64(queues) * 3 else {
            throw APIError(.failed, "\(depth) messages are there after a restart, and \(queues * 3) were acknowledged")
        }
    }

    /// As many messages as there are queues, to these topics in turn; messages a second, counted when acknowledged.
    private func publish(_ broker: EmbeddedBroker, _ topics: [String], queues perTopic: Int) throws -> Double {
        let refused = Atomic<Int>(0)
        let options = ProducerOptions(group: "bench", window: EmbeddedBenchmark.window, compressOver: nil)
        let producer = Producer(broker.connection, options) { batch in
            if !batch.errors.isEmpty { refused.wrappingAdd(batch.errors.count, ordering: .relaxed) }
        }
        let numbers = topics.map { producer.number(of: $0) }
        let body = [UInt8](repeating: 98, count: 128)
        let began = sluice_monotonic_nanoseconds()
        for count in 0..<queues {
            let key = Array("order-\(1_000_000 + count)".utf8)
            let lane = count % (topics.count * perTopic)
            try body.withUnsafeBytes { body in
                try key.withUnsafeBytes { key in
                    try producer.post(
                        body, to: numbers[lane % topics.count], queue: Int32(lane / topics.count), key: key)
                }
            }
        }
        producer.flush()
        let elapsed = sluice_monotonic_nanoseconds() - began
        producer.close()
        let failures = refused.load(ordering: .relaxed)
        guard failures == 0 else { throw APIError(.failed, "\(failures) of \(queues) messages were refused") }
        return Double(queues) * 1e9 / Double(elapsed)
    }
}
