import SluiceAPI
import SluiceClient
import Synchronization

/// A message bus: the services of a lottery, which exchange messages and know nothing of each other.
public final class ServiceBus: Scenario {
    public static let about = ScenarioAbout(
        name: "bus", title: "Lottery orders over a message bus",
        claim:
            "Services that only exchange messages may be killed and added one by one; no order is lost or served twice.",
        faults: LotteryRole.allCases.filter { $0 != .mailer }.map {
            ScenarioFault("kill-\($0.rawValue)", "kills the \($0.rawValue) service with SIGKILL, for two seconds")
        } + [ScenarioFault("add-mailer", "adds a service that hears all settled orders from the first")],
        outageSkips: ["refused"])

    private static let perSecond = 30.0
    struct Books {
        var placed: Set<Int> = []
        /// Orders whose message may be stored or not: no answer came.
        var doubtful: Set<Int> = []
        var refused = 0
        var problem: String?
        var lastSettled = 0
        var lastMoment = monotonicSeconds()
    }
    let books = Mutex(Books())
    let stage: ScenarioStage
    let services: [LotteryRole: ServiceHandle]
    let watcher = BusWatcher()
    private let topic: String
    private let shop: Producer
    private let customers = OpenLoop(perSecond: perSecond, threads: 4)
    private let helpers = Helpers()
    private let started = monotonicSeconds()

    public convenience init(_ stage: ScenarioStage) throws { try self.init(stage, lying: false) }

    /// - Parameter lying: for tests: the ticketing gateway issues some tickets twice.
    init(_ stage: ScenarioStage, lying: Bool) throws {
        self.stage = stage
        let topic = try stage.makeTopic("lottery", queues: 4)
        self.topic = topic
        shop = Producer(stage.connection, ProducerOptions(group: stage.name("lottery-shop")))
        services = Dictionary(
            uniqueKeysWithValues: LotteryRole.allCases.map {
                ($0, ServiceHandle($0, stage, topic: topic, isLying: lying && $0 == .ticketing))
            })
    }

    public func start() throws {
        try watcher.start(stage.connection, topic: topic, group: try stage.makeGroup("lottery-watcher"))
        for role in LotteryRole.allCases where role != .mailer { try services[role]?.start() }
        customers.start { [self] number, _ in place(LotteryEvent(kind: .placed, order: number, bets: 1 + number % 4)) }
    }

    private func place(_ order: LotteryEvent) {
        do {
            let message = order.message(topic: topic)
            _ = try blocking { [shop] in try await shop.send(message) }
            books.withLock { _ = $0.placed.insert(order.order) }
        } catch {
            books.withLock { books in
                books.refused += 1
                books.doubtful.insert(order.order)
                books.problem = "\(error)"
            }
        }
    }

    /// What runs in a process of its own: one service, until it is asked to end.
    public static func run(part role: String, _ context: PartContext) throws {
        guard let role = LotteryRole(rawValue: role), context.arguments.count == 2 else { throw unknownPart(role) }
        let service = try role.service(
            context.broker.connection, topic: context.arguments[0], group: context.arguments[1],
            folder: context.folder)
        try service.start()
        context.hear()
        service.stop()
    }

    // MARK: Keys and faults
    static let keys: [(key: Character, role: LotteryRole)] = [
        ("t", .ticketing), ("s", .splitter), ("p", .prizes), ("d", .dispatch), ("n", .mailer),
    ]

    public func press(_ key: Character) {
        guard let role = Self.keys.first(where: { $0.key == key })?.role, let service = services[role] else { return }
        if service.isRunning { kill(service) } else { begin(service) }
    }

    private func kill(_ service: ServiceHandle) {
        helpers.run {
            service.kill()
        } failed: {
            self.note($0)
        }
    }
    private func begin(_ service: ServiceHandle, after seconds: Double = 0) {
        helpers.run(after: seconds) {
            try service.start()
        } failed: {
            self.note($0)
        }
    }

    public func cause(_ fault: String) throws {
        if fault == "add-mailer", let mailer = services[.mailer] { return begin(mailer) }
        guard fault.hasPrefix("kill-"), let role = LotteryRole(rawValue: String(fault.dropFirst(5))), role != .mailer,
            let service = services[role]
        else { throw unknownFault(fault, of: Self.self) }
        service.kill()
        begin(service, after: 2)
    }

    private func note(_ error: any Error) { books.withLock { $0.problem = "\(error)" } }

    // MARK: The end
    public func endLoad() {
        customers.stop()
        for (role, service) in services where role != .mailer { begin(service) }
        // The newcomer hears what was said before it was there.
        if let mailer = services[.mailer] { begin(mailer) }
    }

    public var settleSeconds: Double { stage.isStock ? ScenarioStage.lockSeconds : 0 }

    public var isSettled: Bool {
        guard watcher.hasSettled(books.withLock { $0.placed }) else { return false }
        return (try? letters()) == watcher.settledCount
    }

    private func letters() throws -> Int {
        try BusAudit(folder: stage.folder).letters()
    }

    public func report() throws -> ScenarioReport {
        let books = books.withLock { $0 }
        let audit = BusAudit(folder: stage.folder)
        let found = try audit.findings(placed: books.placed, doubtful: books.doubtful)
        let lives = watcher.lives
        return ScenarioReport(
            figures: [
                Figure("placed", books.placed.count), Figure("refused", books.refused),
                Figure("settled", found.settled), Figure("tickets", found.tickets),
                Figure("letters", found.letters), Figure("life_p50_ms", lives.quantile(0.5), places: 0),
                Figure("life_p99_ms", lives.quantile(0.99), places: 0),
            ],
            checks: [
                .equal("orders_not_settled", found.missing, 0), .equal("orders_unknown", found.unknown, 0),
                .equal("refused", books.refused, 0), .equal("tickets_issued_twice", found.twice, 0),
                .equal("bets_without_ticket", found.untold, 0), .equal("orders_won_wrong", found.wrong, 0),
                .equal("letters_missing", found.settled - found.letters, 0),
                .atLeast("placed", Double(books.placed.count), 1),
            ],
            sentences: [
                "\(Words.grouped(books.placed.count)) orders placed, \(Words.grouped(found.settled)) settled with "
                    + "\(Words.grouped(found.tickets)) tickets, \(found.twice) of them issued twice; "
                    + "\(Words.grouped(found.letters)) letters by a service that came later",
                "an order takes \(Words.milliseconds(lives.quantile(0.5))) (p50), "
                    + "\(Words.milliseconds(lives.quantile(0.99))) (p99) across five services",
            ])
    }

    public func close() {
        customers.stop()
        helpers.finish()
        for service in services.values { service.stop() }
        watcher.stop()
        shop.close()
    }

    var seconds: Double { monotonicSeconds() - started }
}
