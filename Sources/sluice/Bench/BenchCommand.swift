import ArgumentParser
import CSluice
import Glibc
import SluiceAPI
import SluiceClient
import SluiceScenarios

/// `sluice bench …`
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine and the broker on it.",
        subcommands: [
            BenchEmbedded.self, BenchRemote.self, BenchClient.self, BenchDelay.self, BenchTransactions.self,
            BenchQueues.self,
            BareServer.self,
        ])
}

struct BenchEmbedded: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedded",
        abstract: "Measure the embedded broker through the client library, beside raw loops of the same run.",
        discussion: """
            Publishing: one thread, 1,024 messages in flight, 100 topics of 8 queues, a unique key and a key each, counted \
            when acknowledged. Everything is read again and counted. Each figure is the median of its rounds.

            JSON fields: append_128_per_s and append_1k_per_s (async, bodies of 128 B and 1 KiB); raw_128_per_s and \
            raw_1k_per_s (copy, the same sums and batched writes of the same bytes, without a broker); read_1k_per_s; \
            append_p50_us, append_p99_us and append_p999_us (1 KiB, post to acknowledgement); sync_64_producers_per_s \
            (64 closed loops, sync); fdatasync_per_s (one append of 1.1 KB each); cpu_s; rss_mb; file_system; rounds.
            """)
    @Option(help: "Where to put the data; a temporary folder in it is used and removed.") var folder = "/tmp"
    @Option(help: "Rounds; the median of each figure is reported.") var rounds = 5
    @Option(help: "Seconds a case takes at least.") var seconds = 10
    @Option(help: "GiB a publishing case writes at least.") var gib = 4.0
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard rounds > 0, seconds > 0, gib > 0, gib <= 64 else {
            throw ValidationError("rounds, seconds and gib must be above 0, and gib at most 64")
        }
    }

    func run() throws {
        var figures = Figures()
        for round in 0..<rounds {
            if isatty(STDERR_FILENO) == 1 { say("round \(round + 1) of \(rounds)") }
            try measure(&figures)
        }
        var object = JSONObject()
        for (name, value) in figures.medians { object.add(name, value, places: 1) }
        object.add("cpu_s", Double(sluice_cpu_nanoseconds()) / 1e9, places: 1)
        object.add("rss_mb", Double(sluice_peak_resident_bytes()) / 1_048_576, places: 1)
        object.add("file_system", String(cString: sluice_file_system(folder)))
        object.add("rounds", rounds)
        var output = Output()
        if json {
            output.write(object)
        } else {
            for (name, value) in figures.medians { output.write("\(name) \(Int(value.rounded()))\n") }
        }
        try output.flush()
    }

    private func measure(_ figures: inout Figures) throws {
        let bytes = Int64(gib * 1_073_741_824)
        let raw = RawLoop(folder: folder)
        for (name, size) in [("128", 128), ("1k", 1_024)] {
            let record = 91 + size + 12 + 92
            figures.add(
                "raw_\(name)_per_s",
                try raw.write(
                    recordBytes: record, bodyBytes: size, bytes: bytes, seconds: Int64(seconds)))
            try inFolder { data in
                let bench = EmbeddedBenchmark(folder: data, durability: .async, bytes: bytes, seconds: Int64(seconds))
                let broker = try EmbeddedBroker.open(EmbeddedOptions(dataFolder: data, durability: .async))
                defer { broker.close() }
                let published = try blocking { try await bench.publish(broker, bodyBytes: size) }
                figures.add("append_\(name)_per_s", published.perSecond)
                let read = try bench.read(broker, topics: EmbeddedBenchmark.topicNames(size))
                guard read.count == published.count else {
                    throw APIError(
                        .failed, "\(published.count) messages were acknowledged and \(read.count) read again")
                }
                guard size == 1_024 else { return }
                figures.add("read_1k_per_s", read.perSecond)
                figures.add("append_p50_us", published.latencies.microseconds(0.5))
                figures.add("append_p99_us", published.latencies.microseconds(0.99))
                figures.add("append_p999_us", published.latencies.microseconds(0.999))
            }
        }
        figures.add("fdatasync_per_s", try raw.syncs(seconds: min(3, Int64(seconds))))
        try inFolder { data in
            let bench = EmbeddedBenchmark(folder: data, durability: .sync, bytes: 0, seconds: Int64(seconds))
            let broker = try EmbeddedBroker.open(EmbeddedOptions(dataFolder: data, durability: .sync))
            defer { broker.close() }
            let seconds = Int64(seconds)
            figures.add(
                "sync_64_producers_per_s",
                try blocking { try await bench.closedLoop(broker, producers: 64, seconds: seconds) })
        }
    }

    /// Runs a case in a folder of its own, which is gone afterwards.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let scratch = try ScratchFolder.make(in: folder)
        defer { scratch.remove() }
        try body(scratch.path + "/data")
    }
}

/// Figures of several rounds by name, in the order they first came.
struct Figures {
    private var names: [String] = []
    private var values: [String: [Double]] = [:]

    mutating func add(_ name: String, _ value: Double) {
        if values[name] == nil { names.append(name) }
        values[name, default: []].append(value)
    }

    var medians: [(String, Double)] {
        names.map { name in
            let sorted = (values[name] ?? []).sorted()
            return (name, sorted.isEmpty ? 0 : sorted[sorted.count / 2])
        }
    }
}
