import Glibc
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import Synchronization

/// The time from a producer's clock to a consumer that waits by long polls, at a steady rate.
struct BornToConsumed {
    let port: Int
    /// Messages a second.
    let rate: Int
    let seconds: Int
    static let topic = "bench-latency"

    /// Latencies of all messages but those of the first second.
    func run() throws -> LatencyRecorder {
        let latencies = Mutex(LatencyRecorder())
        let problem = Mutex<String?>(nil)
        let wanted = rate * seconds
        let part = Atomic<Int>(0)
        onThreads(2) {
            do {
                if part.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
                    try produce()
                } else {
                    try consume(wanted, latencies)
                }
            } catch {
                problem.withLock { $0 = "\(error)" }
            }
        }
        if let problem = problem.withLock({ $0 }) { throw APIError(.failed, problem) }
        return latencies.withLock { $0 }
    }

    private func produce() throws {
        let socket = try LoadSocket(port: port)
        let each = max(1, rate / 1_000)
        let began = LoadSocket.Clock.monotonic
        for tick in 0..<(rate * seconds / each) {
            let due = began + Int64(tick) * 1_000_000_000 * Int64(each) / Int64(rate)
            while LoadSocket.Clock.monotonic < due { usleep(100) }
            var bytes: [UInt8] = []
            for _ in 0..<each {
                var body = [UInt8](repeating: 0, count: 120)
                body.replaceSubrange(0..<8, with: withUnsafeBytes(of: LoadSocket.Clock.monotonic) { Array($0) })
                bytes += frame(body)
            }
            try socket.send(bytes)
        }
        // Oneway requests are not answered: whoever consumes says when all were there.
    }

    private func frame(_ body: [UInt8]) -> [UInt8] {
        let fields: [(String, String)] = [
            ("a", "bench"), ("b", Self.topic), ("c", "TBW102"), ("d", "1"), ("e", "0"), ("f", "0"),
            ("g", "1700000000000"), ("h", "0"), ("i", "UNIQ_KEY\u{1}7F000001000000000000000000000000"), ("j", "0"),
            ("k", "false"), ("m", "false"),
        ]
        return Frame(
            code: RequestCode.sendMessageV2, flag: FrameFlag.oneway, language: .java,
            fields: fields.map { .init($0.0, $0.1) }, body: body
        ).encoded()
    }

    private func consume(_ wanted: Int, _ latencies: borrowing Mutex<LatencyRecorder>) throws {
        let socket = try LoadSocket(port: port)
        let reader = HeaderReader()
        var offset: Int64 = 0
        let deadline = LoadSocket.Clock.monotonic + Int64(seconds + 20) * 1_000_000_000
        while offset < Int64(wanted), LoadSocket.Clock.monotonic < deadline {
            try socket.send(LoadFrames.pull(queue: 0, offset: offset, wait: 5_000, topic: Self.topic))
            try socket.receive { header, body in
                try reader.read(header, .json)
                let now = LoadSocket.Clock.monotonic
                // The topic is there with its first message.
                guard reader.code == ResponseCode.success else {
                    _ = usleep(1_000)
                    return
                }
                var at = 0
                while let view = RecordView(UnsafeRawBufferPointer(rebasing: body[at...])) {
                    if offset >= Int64(rate), view.body.count >= 8 {
                        let born = view.body.loadUnaligned(as: Int64.self)
                        latencies.withLock { $0.add(nanoseconds: now - born) }
                    }
                    offset += 1
                    at += view.size
                }
            }
        }
        guard offset >= Int64(wanted) else { throw APIError(.failed, "only \(offset) of \(wanted) messages came") }
    }
}
