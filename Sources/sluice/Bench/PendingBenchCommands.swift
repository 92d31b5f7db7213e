import ArgumentParser
import SluiceAPI
import SluiceScenarios

/// `sluice bench delay`
struct BenchDelay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delay",
        abstract: "Measure delayed messages: many that wait, and others that fall due beside them.",
        discussion: """
            JSON, one object: pending, stored_per_s, rss_mb (what the pending ones add), page_ms, page_by_topic_ms, \
            page_by_key_ms, histogram_ms, due_per_s, delivered, late_p50_ms and late_p99_ms (due to the consumer's \
            handler), early, lost, duplicates, start_ms (opening the folder with the pending ones).
            """)
    @Option(help: "Where to put the data; a temporary folder in it is used and removed.") var folder = "/tmp"
    @Option(help: "Messages that wait for more than an hour.") var pending = 1_000_000
    @Option(name: .customLong("due-per-second"), help: "Messages that fall due each second.") var duePerSecond = 10_000
    @Option(help: "Seconds that messages fall due.") var seconds = 10
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard (0...100_000_000).contains(pending), (1...1_000_000).contains(duePerSecond), (1...3_600).contains(seconds)
        else {
            throw ValidationError("at most 100,000,000 pending, 1 to 1,000,000 due a second, 1 to 3,600 seconds")
        }
    }

    func run() throws {
        try PendingBench.run(in: folder, json: json) {
            try DelayBenchmark(pending: pending, duePerSecond: duePerSecond, seconds: seconds).measure($0)
        }
    }
}

/// `sluice bench tx`
struct BenchTransactions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "Measure unresolved half messages: storing, listing and resolving them.",
        discussion: """
            JSON, one object: unresolved, half_per_s, rss_mb (what they add), count_ms, page_ms (the first 100), \
            deep_page_ms (100 from the middle), resolve_per_s (up to 100,000 of them, half committed, half rolled back), \
            start_ms (opening the folder with the rest).
            """)
    @Option(help: "Where to put the data; a temporary folder in it is used and removed.") var folder = "/tmp"
    @Option(help: "Unresolved halves.") var unresolved = 1_000_000
    @Option(help: "sync or async.") var durability: Durability = .async
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard (1...100_000_000).contains(unresolved) else {
            throw ValidationError("1 to 100,000,000 unresolved halves")
        }
    }

    func run() throws {
        try PendingBench.run(in: folder, json: json) {
            try TransactionBenchmark(unresolved: unresolved, durability: durability).measure($0)
        }
    }
}

private enum PendingBench {
    /// Measures in a folder of its own, which is gone afterwards, and prints what was measured.
    static func run(in folder: String, json: Bool, _ measure: (String) throws -> BenchReport) throws {
        let scratch = try ScratchFolder.make(in: folder)
        defer { scratch.remove() }
        let report = try measure(scratch.path + "/data")
        var output = Output()
        if json { output.write(report.json) } else { output.write(report.lines) }
        try output.flush()
    }
}

/// Figures in the order they were measured.
struct BenchReport {
    private var fields: [(name: String, value: Double, places: Int)] = []

    mutating func add(_ name: String, _ value: Int) { fields.append((name, Double(value), 0)) }
    mutating func add(_ name: String, _ value: Double, places: Int) { fields.append((name, value, places)) }

    var json: JSONObject {
        var object = JSONObject()
        for field in fields { object.add(field.name, field.value, places: field.places) }
        return object
    }

    var lines: String {
        fields.map { "\($0.name) \(decimal($0.value, places: $0.places))\n" }.joined()
    }
}
