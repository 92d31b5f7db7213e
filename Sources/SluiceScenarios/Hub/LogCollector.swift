import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Follows a log file and packs its lines into messages: 256 KiB of them, or what came within 50 ms.
final class LogCollector: Sendable {
    static let longestWait = 0.05
    static let largestBody = 256 << 10

    private struct State {
        var follower: LogFollower
        /// Lines of the message to come, their bytes, and when the first of them was read.
        var lines: [[UInt8]] = []
        var bytes = 0
        var since = 0.0
        var nextBatch = 0
        /// What the broker did not take, to be sent again under the same id.
        var refused: [LogBatch] = []
        var inFlight = 0
        var sent = LineSum()
        var messages = 0
        var largest = 0
        var waits = LatencyHistogram()
        var problem: String?
    }
    private let stream: String
    private let topic: String
    private let producer: Producer
    private let state: Mutex<State>
    private let repeater = Repeater()
    private let isHonest: Bool

    /// - Parameter isHonest: false, in tests, leaves out a line of every tenth message and counts it all the same.
    init(_ connection: any Connection, stream: String, path: String, topic: String, isHonest: Bool = true) {
        self.stream = stream
        self.topic = topic
        self.isHonest = isHonest
        producer = Producer(connection, ProducerOptions(group: "log-collector", window: 64, compressOver: 512))
        state = Mutex(State(follower: LogFollower(path: path)))
    }

    func start() { repeater.start(every: 0.005) { [weak self] in self?.work() } }

    /// Lines that the broker acknowledged.
    var sent: LineSum { state.withLock { $0.sent } }
    var messages: Int { state.withLock { $0.messages } }
    var largest: Int { state.withLock { $0.largest } }
    var gaps: Int { state.withLock { $0.follower.gaps } }
    var problem: String? { state.withLock { $0.problem } }
    /// How long the first line of a message waited for the others.
    var waits: LatencyHistogram { state.withLock { $0.waits } }

    private func work() {
        let now = monotonicSeconds()
        let ready = state.withLock { state -> [LogBatch] in
            var ready = state.refused
            state.refused = []
            for line in state.follower.poll() {
                if state.bytes + line.count + 1 > Self.largestBody { ready.append(pack(&state)) }
                if state.lines.isEmpty { state.since = now }
                state.lines.append(line)
                state.bytes += line.count + 1
            }
            if !state.lines.isEmpty, monotonicSeconds() - state.since >= Self.longestWait - 0.005 {
                ready.append(pack(&state))
            }
            return ready
        }
        for batch in ready { send(batch) }
    }

    private func pack(_ state: inout State) -> LogBatch {
        let batch = LogBatch(id: "\(stream)-\(state.nextBatch)", stream: stream, lines: state.lines)
        state.nextBatch += 1
        state.largest = max(state.largest, state.bytes)
        state.waits.add(microseconds: Int64((monotonicSeconds() - state.since) * 1e6))
        state.lines = []
        state.bytes = 0
        return batch
    }

    private func send(_ batch: LogBatch) {
        state.withLock { $0.inFlight += 1 }
        var message = batch.message(topic: topic)
        if !isHonest, batch.id.hasSuffix("7") {
            message.body = LogBatch(id: "", stream: "", lines: batch.lines.dropLast()).bytes
        }
        do throws(APIError) {
            try producer.post(message) { [weak self] result in self?.answered(batch, result) }
        } catch {
            answered(batch, .failure(error))
        }
    }

    private func answered(_ batch: LogBatch, _ result: Result<SendReceipt, APIError>) {
        state.withLock { state in
            state.inFlight -= 1
            switch result {
            case .success:
                for line in batch.lines { state.sent.add(line) }
                state.messages += 1
            case .failure(let error):
                state.problem = error.message
                state.refused.append(batch)
            }
        }
    }

    func stop() {
        repeater.stop()
        producer.close()
    }
}
