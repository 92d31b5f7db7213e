import Glibc
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import Synchronization

/// What is done to a server, and how fast it was.
struct RemoteLoad {
    let port: Int
    let connections: Int
    let inFlight: Int
    /// Nanoseconds a case runs.
    let duration: Int64

    struct Result {
        var count: Int64
        var seconds: Double
        var perSecond: Double { Double(count) / seconds }
    }

    /// Requests of one kind over all connections, so many in flight in each, counted when answered.
    func requests(_ template: @Sendable @escaping (Int) -> LoadFrames.Template, messages: Int) throws -> Result {
        let total = Atomic<Int64>(0)
        let began = LoadSocket.Clock.monotonic
        let end = began + duration
        try onConnections { number, socket in
            let frame = template(number).bytes
            // A write carries a quarter of the window, as a busy client's would.
            let burst = max(1, inFlight / 4)
            let bytes = Array(repeatElement(frame, count: burst).joined())
            var flying = 0
            var answered: Int64 = 0
            while true {
                let isOver = LoadSocket.Clock.monotonic >= end
                while !isOver, flying + burst <= inFlight {
                    try socket.send(bytes)
                    flying += burst
                }
                if flying == 0 { break }
                try socket.receive { header, _ in
                    try Self.check(header)
                    flying -= 1
                    answered += 1
                }
            }
            total.wrappingAdd(answered, ordering: .relaxed)
        }
        let elapsed = Double(LoadSocket.Clock.monotonic - began) / 1e9
        return Result(count: total.load(ordering: .relaxed) * Int64(messages), seconds: elapsed)
    }

    /// Everything in the topic's queues, by pulls of all queues at once.
    func consume() throws -> Result {
        let socket = try LoadSocket(port: port)
        var offsets = [Int64](repeating: 0, count: LoadFrames.queues)
        for queue in offsets.indices { try socket.send(pull(queue, 0)) }
        var open = offsets.count
        var count: Int64 = 0
        let began = LoadSocket.Clock.monotonic
        let reader = HeaderReader()
        while open > 0 {
            try socket.receive { header, body in
                try reader.read(header, .json)
                let queue = Int(reader.opaque)
                guard reader.code == ResponseCode.success, offsets.indices.contains(queue) else {
                    open -= 1
                    return
                }
                let records = Self.records(body)
                count += records
                offsets[queue] += records
                try socket.send(pull(queue, offsets[queue]))
            }
        }
        return Result(count: count, seconds: Double(LoadSocket.Clock.monotonic - began) / 1e9)
    }

    private func pull(_ queue: Int, _ offset: Int64) -> [UInt8] {
        LoadFrames.pull(queue: queue, offset: offset, wait: 0, topic: LoadFrames.consumedTopic)
    }

    static func records(_ body: UnsafeRawBufferPointer) -> Int64 {
        var count: Int64 = 0
        var at = 0
        while let view = RecordView(UnsafeRawBufferPointer(rebasing: body[at...])) {
            count += 1
            at += view.size
        }
        return count
    }

    /// Half messages, each committed when it is answered.
    func transactions() throws -> Result {
        let total = Atomic<Int64>(0)
        let began = LoadSocket.Clock.monotonic
        let end = began + duration
        try onConnections { number, socket in
            let half = LoadFrames.send(
                body: [UInt8](repeating: 97, count: 128), queue: number % LoadFrames.queues,
                properties: [("TRAN_MSG", "true"), ("PGROUP", "bench-remote")]
            ).bytes
            let window = min(inFlight, 256)
            for _ in 0..<window { try socket.send(half) }
            var flying = window
            var done: Int64 = 0
            var out: [UInt8] = []
            let reader = HeaderReader()
            while flying > 0 {
                let isOver = LoadSocket.Clock.monotonic >= end
                out.removeAll(keepingCapacity: true)
                try socket.receive { header, _ in
                    try reader.read(header, .json)
                    guard reader.code == ResponseCode.success else { throw Self.refused(header) }
                    if let id = reader["msgId"]?.text, let place = OffsetID.physicalOffset(id),
                        let offset = reader["queueOffset"]?.integer
                    {
                        out += LoadFrames.commit(place: place, queueOffset: offset)
                    } else {
                        done += 1
                        if isOver { flying -= 1 } else { out += half }
                    }
                }
                if !out.isEmpty { try socket.send(out) }
            }
            total.wrappingAdd(done, ordering: .relaxed)
        }
        let elapsed = Double(LoadSocket.Clock.monotonic - began) / 1e9
        return Result(count: total.load(ordering: .relaxed), seconds: elapsed)
    }

    // MARK: Helpers

    private func onConnections(_ body: @Sendable @escaping (Int, LoadSocket) throws -> Void) throws {
        let next = Atomic<Int>(0)
        let problem = Mutex<String?>(nil)
        onThreads(connections) { [port] in
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            do { try body(number, try LoadSocket(port: port)) } catch { problem.withLock { $0 = "\(error)" } }
        }
        if let problem = problem.withLock({ $0 }) { throw APIError(.failed, problem) }
    }

    /// An answer that is not a success ends the run: a figure of refusals is none.
    static func check(_ header: UnsafeRawBufferPointer) throws {
        guard header.count > 10, header[8] == UInt8(ascii: "0"), header[9] == UInt8(ascii: ",") else {
            throw refused(header)
        }
    }

    private static func refused(_ header: UnsafeRawBufferPointer) -> APIError {
        APIError(.failed, "the server refused: \(String(decoding: header, as: UTF8.self).prefix(300))")
    }
}
