import ArgumentParser
import CSluice
import Glibc
import SluiceAPI

/// `sluice bench remote`
struct BenchRemote: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remote",
        abstract:
            "Measure `sluice serve` in a process of its own over real sockets, beside a bare loop of the same run.",
        discussion: """
            Requests are worded as the Java client of RocketMQ 4.9.8 words them; client and server share the machine. Each \
            figure is the median of its rounds.

            JSON fields, async: publish_128_per_s, publish_1k_per_s (a message a request), batch32_128_per_s (32 a \
            request), consume_1k_per_s, tx_per_s (half and commit), bare_128_per_s, bare_1k_per_s (a loop that takes the \
            same frames apart, writes them by the MiB and answers), server_us_per_msg and client_us_per_msg (processor \
            time a message, publishing 1 KiB), p99_ms (born to consumed at 10,000/s), server_rss_mb; with sync_ before \
            them the same with every acknowledgement behind the disk.
            """)
    @Option(help: "Where to put the data; a temporary folder in it is used and removed.") var folder = "/tmp"
    @Option(help: "Rounds; the median of each figure is reported.") var rounds = 5
    @Option(help: "Seconds a case takes.") var seconds = 5
    @Option(help: "Connections that publish.") var connections = 1
    @Option(help: "Requests in flight on each; 1 is a closed loop.") var inFlight = 1_024
    @Flag(help: "Leave out the sync figures.") var asyncOnly = false
    @Flag(help: "One JSON object.") var json = false

    func validate() throws {
        guard rounds > 0, seconds > 0, connections > 0, inFlight > 0, connections <= 256 else {
            throw ValidationError("rounds, seconds, connections (at most 256) and in-flight must be above 0")
        }
    }

    func run() throws {
        var figures = Figures()
        for round in 0..<rounds {
            if isatty(STDERR_FILENO) == 1 { say("round \(round + 1) of \(rounds)") }
            try bare(&figures)
            try served("async", "", &figures)
            if !asyncOnly { try served("sync", "sync_", &figures) }
        }
        var output = Output()
        if json {
            var object = JSONObject()
            for (name, value) in figures.medians { object.add(name, value, places: 2) }
            object.add("rounds", rounds)
            output.write(object)
        } else {
            for (name, value) in figures.medians { output.write("\(name) \(value)\n") }
        }
        try output.flush()
    }

    private func load(_ port: Int) -> RemoteLoad {
        RemoteLoad(
            port: port, connections: connections, inFlight: inFlight, duration: Int64(seconds) * 1_000_000_000)
    }

    private func bare(_ figures: inout Figures) throws {
        let server = try ServerProcess(folder: folder) { data, port in
            ["bench", "bare-server", "--port", String(port), "--file", data]
        }
        defer { server.stop() }
        for (name, size) in [("128", 128), ("1k", 1_024)] {
            let result = try load(server.port).requests(
                { LoadFrames.send(body: [UInt8](repeating: 98, count: size), queue: $0 % LoadFrames.queues) },
                messages: 1)
            figures.add("bare_\(name)_per_s", result.perSecond)
        }
    }

    private func served(_ durability: String, _ prefix: String, _ figures: inout Figures) throws {
        let server = try ServerProcess(folder: folder) { data, port in
            [
                "serve", "--data", data, "--listen", "127.0.0.1:\(port)", "--name-server", "none", "--durability",
                durability, "--log-level", "error",
            ]
        }
        defer { server.stop() }
        let load = load(server.port)
        func publish(_ size: Int, _ topic: String) throws -> RemoteLoad.Result {
            try load.requests(
                { number in
                    LoadFrames.send(
                        body: [UInt8](repeating: 98, count: size), queue: number % LoadFrames.queues, topic: topic)
                }, messages: 1)
        }
        figures.add(prefix + "publish_128_per_s", try publish(128, LoadFrames.topic).perSecond)
        let batch = try load.requests(
            { LoadFrames.batch(body: [UInt8](repeating: 98, count: 128), count: 32, queue: $0 % LoadFrames.queues) },
            messages: 32)
        figures.add(prefix + "batch32_128_per_s", batch.perSecond)
        figures.add(prefix + "tx_per_s", try load.transactions().perSecond)
        let latencies = try BornToConsumed(port: server.port, rate: 10_000, seconds: seconds).run()
        figures.add(prefix + "p99_ms", latencies.microseconds(0.99) / 1_000)
        let (serverBefore, clientBefore) = (server.cpu, sluice_cpu_nanoseconds())
        let kibibyte = try publish(1_024, LoadFrames.consumedTopic)
        let count = Double(max(1, kibibyte.count))
        figures.add(prefix + "publish_1k_per_s", kibibyte.perSecond)
        figures.add(prefix + "server_us_per_msg", Double(server.cpu - serverBefore) / 1_000 / count)
        figures.add(prefix + "client_us_per_msg", Double(sluice_cpu_nanoseconds() - clientBefore) / 1_000 / count)
        figures.add(prefix + "consume_1k_per_s", try load.consume().perSecond)
        figures.add(prefix + "server_rss_mb", server.residentMiB)
    }
}
