import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage

/// The publishers of one life of the process.
struct Load: Sendable {
    let broker: EmbeddedBroker
    let round: Int
    let seed: UInt64

    init(_ broker: EmbeddedBroker, round: Int, seed: UInt64) {
        self.broker = broker
        self.round = round
        self.seed = seed
    }

    /// Starts everything and does not come back.
    func run() async throws(APIError) {
        for topic in ["load", "late", "pay"] {
            try await broker.admin.updateTopic(TopicConfig(name: topic, readQueues: 4, writeQueues: 4))
        }
        print("ready")
        for publisher in 0..<3 { thread { publishInOrder(publisher) } }
        thread { publishLate() }
        let transactions = TransactionProducer(broker.connection, group: "payers") { _ in .unknown }
        await withTaskGroup { group in
            for publisher in 10..<14 { group.addTask { await pay(transactions, publisher) } }
            group.addTask { await consume() }
        }
    }

    // MARK: Publishers

    /// One queue a publisher, small and large records mixed; the last one compresses.
    private func publishInOrder(_ publisher: Int) {
        var random = SplitMix(seed &+ UInt64(publisher))
        let options = ProducerOptions(window: 256, compressOver: publisher == 2 ? 4_096 : nil)
        let producer = Producer(broker.connection, options)
        for sequence in 0... {
            let token = "\(round).\(publisher).\(sequence)"
            let size = random.below(64) == 0 ? 100_000 + random.below(400_000) : 100 + random.below(6_000)
            let message = Message(
                topic: "load", body: Self.body(token, size), tag: "p\(publisher)", keys: [token], queue: publisher)
            post(message, producer) { "A \(token) \($0.id) \($0.physicalOffset)" }
        }
    }

    /// Half of them are due within the second, and meet the kill or the start after it; the others in an hour.
    private func publishLate() {
        var random = SplitMix(seed &+ 7)
        let producer = Producer(broker.connection, ProducerOptions(window: 64))
        for sequence in 0... {
            let token = "\(round).7.\(sequence)"
            let isNear = random.below(2) == 0
            let delay: Delay =
                switch random.below(3) {
                case 0 where isNear: .level(1)
                case 1: .at(Self.now + (isNear ? 20 + Int64(random.below(800)) : 3_600_000))
                default: .after(milliseconds: isNear ? 20 + Int64(random.below(800)) : 3_600_000)
                }
            let message = Message(
                topic: "late", body: Self.body(token, 100 + random.below(900)), keys: [token], delay: delay, queue: 0)
            post(message, producer) { "D \(token) \($0.id) \(isNear ? "near" : "far")" }
            usleep(1_000)
        }
    }

    private func post(_ message: Message, _ producer: Producer, _ line: @escaping @Sendable (SendReceipt) -> String) {
        do throws(APIError) {
            try producer.post(message) { result in
                switch result {
                case .success(let receipt): print(line(receipt))
                case .failure(let error): fail(error)
                }
            }
        } catch {
            fail(error)
        }
    }

    /// Transactions one after the other: most commit, some roll back, a few stay open for good.
    private func pay(_ producer: TransactionProducer, _ publisher: Int) async {
        var random = SplitMix(seed &+ UInt64(publisher))
        for sequence in 0... {
            let token = "\(round).\(publisher).\(sequence)"
            let message = Message(
                topic: "pay", body: Self.body(token, 100 + random.below(2_000)), keys: [token], queue: publisher % 4)
            let outcome: (name: String, state: TransactionState) =
                switch random.below(16) {
                case 0: ("unknown", .unknown)
                case 1...4: ("rollback", .rollback)
                default: ("commit", .commit)
                }
            do {
                let sent = try await producer.send(message) { receipt in
                    print("H \(token) \(receipt.id) \(outcome.name)")
                    return outcome.state
                }
                if sent.state != .unknown { print("E \(token)") }
            } catch {
                fail(error)
            }
        }
    }

    /// A group that follows queue 0 and commits as it goes.
    private func consume() async {
        let queue = QueueID("load", 0)
        let consumer = PullConsumer(broker.connection, group: "followers")
        do throws(APIError) {
            var offset = try await consumer.committed(queue) ?? 0
            while true {
                let pulled = try await consumer.pull(queue, from: offset, limit: 64, wait: 1_000)
                offset = pulled.next
                try await consumer.commit(queue, offset)
                print("O \(offset)")
            }
        } catch {
            fail(error)
        }
    }

    // MARK: Parts

    /// The token, the size of the filling and its byte, and the filling: any reader can check it without knowing the seed.
    private static func body(_ token: String, _ size: Int) -> [UInt8] {
        Array("\(token) \(size) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func thread(_ body: @escaping @Sendable () -> Void) {
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
}

/// One line in one write: a kill leaves no half of it in front of another.
private func print(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // Without a reader there is nothing more to prove.
    if write(STDOUT_FILENO, bytes, bytes.count) != bytes.count { exit(0) }
}

/// Says why on stderr and ends.
func fail(_ error: any Error) {
    let bytes = Array("sluice-killee: \(error)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
    exit(1)
}

/// A small generator whose runs a seed repeats (SplitMix64).
struct SplitMix {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func below(_ bound: UInt64) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % bound)
    }
}
