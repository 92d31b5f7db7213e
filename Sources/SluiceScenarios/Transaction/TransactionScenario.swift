import Foundation
import Glibc
import SluiceAPI
import SluiceClient
import Synchronization

/// A payment and what follows from it, agreed on without a lock across services: half message, local transaction,
/// second confirmation, check-back. Beside it, the two ways that do without.
public final class TransactionScenario: Scenario {
    public static let about = ScenarioAbout(
        name: "transaction", title: "A payment that four services agree on",
        claim:
            "With half messages, payment, logistics, points and cart agree after every fault; with plain messages they "
            + "drift apart, and with two-phase commit they agree behind locks.",
        faults: [
            ScenarioFault("crash-before", "an instance dies before its local commit"),
            ScenarioFault("crash-after", "an instance dies between its local commit and the second confirmation"),
            ScenarioFault("unknown", "an instance does not know yet how its transaction ended"),
            ScenarioFault("no-answer", "the first instance has no answer to check-backs for 3 s"),
            ScenarioFault("instance-gone", "the second instance leaves for 3 s; check-backs reach the first"),
            ScenarioFault("logistics-gone", "stops logistics for 3 s"),
            ScenarioFault("coordinator-gone", "the coordinator of a two-phase commit dies after its decision"),
            ScenarioFault("leave-half", "leaves a half message for the operator"),
        ])

    struct State {
        var checks = 0
        var crashes = 0
        var parts: [PartProcess] = []
        /// Nil where it could not be read.
        var lastPaid: Int? = 0
        var twoPhaseOrders = 0
        var lastTwoPhase = 0
        var recoveries = 0
        var localLocks = LatencyHistogram()
        var twoPhaseLocks = LatencyHistogram()
        var problem: String?
        var lastEvent = ""
        var isProducing = true
        var owed = 0.0
        var random = SplitMix(state: 3)
        /// How often orders in dispute were seen without their half.
        var goneLooks: [Int64: Int] = [:]
        /// Fault to put on the next payment of an instance.
        var pending: [PaymentFault] = []
    }
    let stage: ScenarioStage
    let ledger: PaymentLedger
    let services: [Downstream]
    let plain: PlainPayments
    let twoPhase: TwoPhaseCommit
    let state = Mutex(State())
    private let instances = Mutex<[PaymentInstance?]>([nil, nil])
    private let confirmation = Mutex<PushConsumer?>(nil)
    private let repeaters = (0..<5).map { _ in Repeater() }
    private let started = Mutex(monotonicSeconds())
    private let isClosed = Mutex(false)
    private let topic: String
    private let plainTopic: String
    let group: String
    /// Halves that are left for the operator from the start.
    let halvesToLeave: Int
    private let lies: Bool

    public convenience init(_ stage: ScenarioStage) throws { try self.init(stage, lies: false) }

    /// - Parameters:
    ///   - lies: in tests, a producer that answers every check-back with commit.
    ///   - makeService: in tests, a service that does not do what is right.
    init(
        _ stage: ScenarioStage, lies: Bool,
        makeService: (Downstream.Work, String, String) throws -> Downstream = {
            try Downstream($0, path: $1, group: $2)
        }
    ) throws {
        self.stage = stage
        self.lies = lies
        topic = stage.name("payments")
        plainTopic = stage.name("payments-plain")
        group = stage.name("payment")
        guard let halves = Int(stage.options.settings["leave-halves"] ?? "0"), (0...1_000).contains(halves) else {
            throw APIError(.invalid, "leave-halves is a number from 0 to 1000: so many are left for the operator")
        }
        halvesToLeave = halves
        ledger = try PaymentLedger(path: stage.folder + "/payment.sqlite")
        services = try Downstream.Work.allCases.map {
            try makeService($0, "\(stage.folder)/\($0.rawValue).sqlite", stage.makeGroup($0.rawValue))
        }
        plain = try PlainPayments(stage, topic: plainTopic)
        twoPhase = try TwoPhaseCommit(folder: stage.folder + "/two-phase")
    }

    // MARK: Running

    public func start() throws {
        _ = try stage.makeTopic("payments", queues: 4)
        _ = try stage.makeTopic("payments-plain", queues: 4)
        for service in services { try service.start(stage.connection, topic: topic) }
        for service in plain.services { try service.start(stage.connection, topic: plainTopic) }
        try startConfirmation()
        for number in 0..<2 { startInstance(number) }
        started.withLock { $0 = monotonicSeconds() }
        for _ in 0..<halvesToLeave { try payOne(0, .disputed) }
        repeaters[0].start(every: 0.04) { [weak self] in self?.work { try $0.payNext(0) } }
        repeaters[1].start(every: 0.04) { [weak self] in self?.work { try $0.payNext(1) } }
        repeaters[2].start(every: 0.1) { [weak self] in self?.work { try $0.payPlain() } }
        repeaters[3].start(every: 0.05) { [weak self] in self?.work { try $0.payTwoPhase() } }
        repeaters[4].start(every: 0.5) { [weak self] in self?.work(always: true) { try $0.askAgain() } }
        if stage.options.seconds != nil {
            // A run that ends sees each way of failing once, wherever the caller names none.
            state.withLock { $0.pending = [.unknown, .uncovered, .afterCommit] }
            try crash(.beforeCommit)
            try crash(.afterCommit)
        }
    }

    /// One step of a thread; what goes wrong is shown.
    private func work(always: Bool = false, _ step: (TransactionScenario) throws -> Void) {
        guard always || state.withLock({ $0.isProducing }) else { return }
        do {
            try step(self)
        } catch {
            state.withLock { $0.problem = "\(error)" }
        }
    }

    /// Starts an instance unless it is there.
    private func startInstance(_ number: Int) {
        guard instances.withLock({ $0[number] == nil }) else { return }
        let instance = PaymentInstance(
            number, stage.connection, ledger: ledger, topic: topic, group: group, lies: lies,
            onCheck: { [weak self] number, answer in
                self?.state.withLock { state in
                    state.checks += 1
                    state.lastEvent = "the broker asked instance \(number + 1), which said \(answer)"
                }
            })
        instances.withLock { $0[number] = instance }
    }

    /// The payment service hears its own topic too: a half that an operator committed by hand was paid.
    private func startConfirmation() throws {
        let consumer = PushConsumer(
            stage.connection, ConsumerOptions(group: try stage.makeGroup("payment-confirmation"), threads: 1)
        ) { [ledger] messages in
            do {
                for order in messages.compactMap({ Payments.order($0) }) {
                    try ledger.change(order, from: [.disputed], to: .paid)
                }
                return .success
            } catch {
                return .retryLater
            }
        }
        try consumer.subscribe(topic)
        try consumer.start()
        confirmation.withLock { $0 = consumer }
    }

    private func payNext(_ number: Int) throws {
        let fault = state.withLock { $0.pending.isEmpty ? nil : $0.pending.removeFirst() }
        try payOne(number, fault)
    }

    private func payOne(_ number: Int, _ fault: PaymentFault?) throws {
        guard let instance = instances.withLock({ $0[number] }) else {
            if let fault { state.withLock { $0.pending.append(fault) } }
            return
        }
        let order = try ledger.takeOrder(isCovered: fault != .uncovered)
        let seconds = try instance.pay(order, fault)
        state.withLock { state in
            if let seconds { state.localLocks.add(microseconds: Int64(seconds * 1e6)) }
            if let fault { state.lastEvent = "order \(order): \(fault.rawValue)" }
            if fault == .beforeCommit || fault == .afterCommit { state.crashes += 1 }
        }
    }

    private func payPlain() throws {
        let luck = state.withLock { Int($0.random.next() % 30) }
        try plain.pay(luck < 3 ? PlainPayments.Failure.allCases[luck] : nil)
    }

    private func payTwoPhase() throws {
        let seconds = try twoPhase.pay()
        state.withLock { state in
            state.twoPhaseOrders += 1
            state.twoPhaseLocks.add(microseconds: Int64(seconds * 1e6))
        }
    }

    /// Asks again, by hand, about halves that were asked about without an answer: a minute until the broker does it by
    /// itself is long for a demonstration.
    private func askAgain() throws {
        let halves = try ourHalves()
        try noteRollbacks(halves)
        guard stage.works(.recheck) else { return }
        let admin = stage.admin
        for half in halves where half.checks > 0 {
            let known = try Payments.order(half).flatMap { try ledger.state($0) }
            guard known != .disputed, instances.withLock({ $0[0]?.isMute != true }) else { continue }
            _ = try? blocking {
                try await admin.act(.recheck(id: half.id), reason: "no answer to the first check", dryRun: false)
            }
        }
    }

    /// An operator's rollback sends no message: an order in dispute has failed when its half is gone and its topic has no
    /// message of it. Where there is one, an operator committed, and the confirmation is on its way.
    private func noteRollbacks(_ halves: [HalfMessage]) throws {
        let gone = try ledger.orders(.disputed).subtracting(halves.compactMap(Payments.order))
        let (admin, topic) = (stage.admin, topic)
        // A half that was left in this moment is not in the list yet.
        let settled = state.withLock { state in
            state.goneLooks = state.goneLooks.filter { gone.contains($0.key) }
            for order in gone { state.goneLooks[order, default: 0] += 1 }
            return state.goneLooks.filter { $0.value > 3 }.map(\.key)
        }
        for order in settled {
            let committed = try blocking {
                try await admin.browse(.key(Payments.key(order), topic: topic, limit: 1))
            }
            if committed.isEmpty { try ledger.change(order, from: [.disputed], to: .failed) }
        }
    }

    /// All unresolved halves of this run, however many others there are. Throws where not all could be looked at.
    func ourHalves() throws -> [HalfMessage] {
        let admin = stage.admin
        var ours: [HalfMessage] = []
        var skip = 0
        while true {
            let page = try blocking { [skip] in try await admin.halves(skip: skip, limit: 1_000) }
            if let note = page.note { throw APIError(.unavailable, note) }
            ours += page.items.filter { $0.producerGroup == group }
            // A page may be shorter than asked for, where a half cannot be read.
            skip += 1_000
            if skip >= page.total { return ours }
        }
    }

    // MARK: Faults

    public func press(_ key: Character) {
        let faults: [Character: String] = [
            "b": "crash-before", "a": "crash-after", "u": "unknown", "n": "no-answer", "g": "instance-gone",
            "l": "logistics-gone", "t": "coordinator-gone", "h": "leave-half",
        ]
        guard let fault = faults[key] else { return }
        work(always: true) { try $0.cause(fault) }
    }

    public func cause(_ fault: String) throws {
        switch fault {
        case "crash-before": try crash(.beforeCommit)
        case "crash-after": try crash(.afterCommit)
        case "unknown": state.withLock { $0.pending.append(.unknown) }
        case "no-answer":
            mute(true)
            state.withLock { $0.pending += [.afterCommit, .afterCommit] }
            later { $0.mute(false) }
        case "instance-gone":
            let gone = instances.withLock { instances in
                defer { instances[1] = nil }
                return instances[1]
            }
            guard let gone else { return }
            let order = try ledger.takeOrder()
            try gone.pay(order, .afterCommit)
            gone.close()
            later { $0.startInstance(1) }
        case "logistics-gone":
            services[0].stop()
            later { try? $0.services[0].start($0.stage.connection, topic: $0.topic) }
        case "coordinator-gone":
            do {
                _ = try twoPhase.pay(diesAfterDecision: true)
            } catch is TwoPhaseCommit.CoordinatorDied {
                try twoPhase.recover()
                state.withLock { $0.recoveries += 1 }
            }
        case "leave-half": try payOne(0, .disputed)
        default: throw unknownFault(fault, of: Self.self)
        }
        state.withLock { $0.lastEvent = Self.about.faults.first { $0.name == fault }?.effect ?? fault }
    }

    private func mute(_ isOn: Bool) {
        let first = instances.withLock { $0[0] }
        first?.isMute = isOn
    }

    private func later(_ action: @escaping @Sendable (TransactionScenario) -> Void) {
        Thread { [weak self] in
            sleep(untilMonotonic: monotonicSeconds() + 3)
            guard let self, !self.isClosed.withLock({ $0 }) else { return }
            action(self)
        }.start()
    }

    /// Where processes can attach, a process of its own pays an order and kills itself in the middle of it.
    private func crash(_ fault: PaymentFault) throws {
        guard stage.hasProcesses else {
            return state.withLock { $0.pending.append(fault) }
        }
        let part = try stage.part(Self.self, "payer", [fault.rawValue, topic, group])
        state.withLock { state in
            state.parts.append(part)
            state.crashes += 1
        }
    }

    /// An instance in a process of its own that dies by SIGKILL at the moment it is told. It takes its order when it is
    /// connected: one that finds no broker leaves no order behind that nobody pays.
    public static func run(part role: String, _ context: PartContext) throws {
        guard role == "payer", context.arguments.count == 3, let fault = PaymentFault(rawValue: context.arguments[0])
        else { throw unknownPart(role) }
        let ledger = try PaymentLedger(path: context.folder + "/payment.sqlite")
        let instance = PaymentInstance(
            9, context.broker.connection, ledger: ledger, topic: context.arguments[1], group: context.arguments[2])
        try instance.pay(try ledger.takeOrder(), fault) { kill(getpid(), SIGKILL) }
    }

    // MARK: The end

    public func endLoad() {
        state.withLock { $0.isProducing = false }
        mute(false)
        startInstance(1)
        try? services[0].start(stage.connection, topic: topic)
    }

    /// Halves of ours that nobody left on purpose, and those that somebody did.
    func unresolved() throws -> (open: Int, left: Int) {
        let ours = try ourHalves()
        let left = try ours.filter { half in
            guard let order = Payments.order(half) else { return false }
            return try ledger.state(order) == .disputed
        }.count
        return (ours.count - left, left)
    }

    /// A broker that does not ask again by hand does so by itself, once a minute as it comes.
    public var settleSeconds: Double { stage.works(.recheck) ? 0 : 150 }

    public var isSettled: Bool {
        do {
            guard state.withLock({ $0.parts.allSatisfy { !$0.isRunning } }) else { return false }
            let halves = try unresolved()
            guard try ledger.count(.new, .waiting) == 0, halves.open == 0 else { return false }
            guard try ledger.count(.disputed) == halves.left else { return false }
            let paid = try ledger.count(.paid)
            return try services.allSatisfy { try $0.count() >= paid }
        } catch {
            return false
        }
    }

    public func close() {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        guard !wasClosed else { return }
        state.withLock { $0.isProducing = false }
        for repeater in repeaters { repeater.stop() }
        for part in state.withLock({ $0.parts }) where part.isRunning { part.kill() }
        if stage.isKept { rollBackTheRest() }
        for instance in instances.withLock({ $0 }) { instance?.close() }
        confirmation.withLock { $0 }?.shutdown()
        for service in services { try? service.close() }
        plain.close()
        twoPhase.close()
        try? ledger.close()
    }

    /// The topic of these halves goes: nobody could make sense of them later.
    private func rollBackTheRest() {
        let admin = stage.admin
        for half in (try? ourHalves()) ?? [] {
            _ = try? blocking {
                try await admin.resolve(id: half.id, as: .rollback, reason: "the demonstration is over")
            }
        }
    }

    /// Ends all threads that work, so that the books stand still.
    func halt() { for repeater in repeaters { repeater.stop() } }
    var elapsed: Double { monotonicSeconds() - started.withLock { $0 } }
    var online: [String] {
        instances.withLock { $0.map { $0 == nil ? "gone" : $0?.isMute == true ? "no answer" : "up" } }
    }
}
