import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// A broker on a simulated disk with clients, operators and faults around it, all of them driven by one seed, and a model
/// that says what has to hold.
///
/// One thread: the world is the owner, the disk's threads and the clients. Jobs of the disk are held back at random, so
/// that acknowledgements, requests and crashes come between each other.
final class World {
    let seed: UInt64
    let settings: WorldSettings
    let disk = SimulatedDisk()
    let model = Model()
    var broker: Broker
    /// Epoch ms.
    var now: Int64 = 1_700_000_000_000
    var random: SeededGenerator
    var tally = Tally()
    var trace = Trace()
    /// Records that retention took since everything was learned last.
    var expired: [Int64] = []
    /// Queues of which messages came and were taken by retention between two looks.
    var unseen: Set<QueueID> = []
    /// Told what happens, step by step.
    var narrate: ((String) -> Void)?
    /// What is not to be counted any more: a run that a test leads astray.
    var wrongModelAt: Int?

    // What is on its way.
    var inbox: [Asked] = []
    var asked: [Asked] = []
    var jobs = Jobs()
    /// 0 lets the disk work at once, 1 holds all of its jobs back.
    var laziness = 0.0
    var isDiskFull = false
    /// Steps until a broken log or a full disk is mended.
    var mendIn = 0

    // Clients.
    /// Places that producers of transactions were told and did not come back to.
    var openTransactions: [Int64] = []
    var consumers: [String: Consumer] = [:]
    var checks: [Check] = []
    /// Check-backs about copies of halves that are not visible yet, with the client asked.
    var earlyChecks: [(half: StoredMessage, queueOffset: Int64, key: String)] = []
    /// What the broker told its clients by itself, by group and client.
    var pushes: [String: PushLog] = [:]
    var recentBoxes: [ReplyBox] = []
    /// Actions of operators that this broker does not know.
    var unknownActions: Set<String> = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        settings = WorldSettings(&random)
        model.mayDeletionsBeLost = !settings.store.durable
        _ = try DataFolder.open(disk, create: true, newIdentity: "simulated")
        broker = try Broker.open(disk: disk, storeOptions: settings.store, options: settings.broker, now: now)
        for name in settings.groups + [settings.broadcastGroup] { consumers[name] = Consumer(name, settings) }
    }

    /// One step: a request, a fault, or time that passes.
    func step() throws(Violation) {
        tally.steps += 1
        if tally.steps == 1 {
            tell(
                "\(settings.store.durable ? "sync" : "async"), segments \(settings.store.segmentBytes), kept \(settings.store.retainMilliseconds)"
            )
        }
        if chance(0.02) { laziness = pick([0, 0, 0.3, 0.7, 0.95]) }
        if tally.steps == wrongModelAt { leadAstray() }
        switch int(0..<1_000) {
        case 0..<780: try request()
        case 780..<988: passTime()
        default: try fault()
        }
        try turn()
        if chance(1 - laziness) { try settle() } else { for _ in 0..<int(0..<3) { try work() } }
        if chance(0.05) { try follow() }
        if tally.steps % 400 == 0 { try sweep(deep: tally.steps % 2_000 == 0) }
        try mend()
    }

    /// The last look at everything.
    func finish() throws(Violation) {
        isDiskFull = false
        disk.capacity = nil
        if broker.store.broken != nil { try restart(.kill) }
        now += 1_000
        try sweep(deep: true)
        try cleanRestart()
        try sweep(deep: true)
    }

    func tell(_ text: @autoclosure () -> String) { narrate?("\(tally.steps) \(now % 1_000_000_000): \(text())") }

    private func passTime() {
        switch int(0..<100) {
        case 0..<70: now += Int64(int(0..<200))
        case 70..<92: now += Int64(int(200..<5_000))
        case 92..<99: now += Int64(int(5_000..<120_000))
        default: now += Int64(int(120_000..<7_200_000))
        }
    }

    // MARK: Chance

    func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    func chance(_ probability: Double) -> Bool {
        Double(random.next() >> 11) / Double(1 << 53) < probability
    }
    func pick<T>(_ values: [T]) -> T { values[int(values.indices)] }
    func pickAny<T>(_ values: [T]) -> T? { values.isEmpty ? nil : pick(values) }

    /// Makes the model wrong, so that a test sees that the world notices.
    private func leadAstray() {
        guard let last = model.entries.keys.max() else { return }
        model.entries[last]?.sum ^= 1
    }
}

/// A request on its way, and what the world does with its answer.
struct Asked {
    var kind: RequestKind
    var request: Request
    let box = ReplyBox()
    /// A batch is answered in itself.
    var batch: (batch: PublishBatch, source: SingleBatch)?
    /// May be unanswered while the world is at rest.
    var mayWait = false
    /// Called when the broker took the request, with the answer that came at once, if any.
    var handled: (Response?) throws(Violation) -> Void = { _ throws(Violation) in }
    var answered: (Response) throws(Violation) -> Void = { _ throws(Violation) in }

    init(_ kind: RequestKind, _ request: Request) {
        self.kind = kind
        self.request = request
    }

    var response: Response? {
        guard let batch else { return box.response }
        return batch.source.isDone ? .done : nil
    }
}

/// A check-back that a producer was sent.
struct Check {
    var physicalOffset: Int64
    var queueOffset: Int64
}
