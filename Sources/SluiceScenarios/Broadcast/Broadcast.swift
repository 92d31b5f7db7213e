import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Broadcasting: one message to every member of a group. Push servers, of which the one that holds a driver's connection
/// delivers; and application nodes, whose caches a change reaches all at once.
public final class Broadcast: Scenario {
    public static let about = ScenarioAbout(
        name: "broadcast", title: "Ride offers and caches, by broadcast",
        claim:
            "Every node gets every message: the holder of a connection delivers, all caches agree within milliseconds.",
        faults: [
            ScenarioFault("crash", "a cache node loses its memory and comes back after two seconds"),
            ScenarioFault("drop", "a driver's connection moves to another push server"),
        ], outageSkips: ["refused", "agree_p50_ms", "slowest_catch_up_s"])

    static let serverCount = 3
    static let nodeCount = 4
    static let driverCount = 60
    static let cities = 200
    private static let offersPerSecond = 60.0
    private static let changesPerSecond = 40.0

    struct Books {
        /// Offers acknowledged to the dispatcher, with their drivers.
        var offered: Set<Int> = []
        /// Version of each city's price.
        var versions: [Int: Int] = [:]
        var changes = 0
        var refused = 0
        var problem: String?
        var crashes = 0
        /// Seconds from when a node came back until its cache agreed again.
        var catchUps: [Double] = []
    }
    let books = Mutex(Books())
    let stage: ScenarioStage
    let servers: [PushServer]
    let nodes: [CacheNode]
    let phones = DriverPhones()
    let agreement: Agreement
    private let prices: PriceTable
    private let dispatcher: Producer
    private let offerTopic: String
    private let priceTopic: String
    private let rides = OpenLoop(perSecond: offersPerSecond, threads: 2)
    private let changes = OpenLoop(perSecond: changesPerSecond, threads: 1)
    private let saver = OpenLoop(perSecond: 1, threads: 1)
    private let helpers = Helpers()
    private let started = monotonicSeconds()
    private let dropsOffer: @Sendable (Int, RideOffer) -> Bool

    public convenience init(_ stage: ScenarioStage) throws {
        try self.init(stage, dropsOffer: { _, _ in false }, dropsChange: { _, _ in false })
    }

    /// - Parameters:
    ///   - dropsOffer: for tests: offers that a push server (by number) loses.
    ///   - dropsChange: for tests: changes that a cache node (by name) drops.
    init(
        _ stage: ScenarioStage, dropsOffer: @escaping @Sendable (Int, RideOffer) -> Bool,
        dropsChange: @escaping @Sendable (String, PriceChange) -> Bool
    ) throws {
        self.stage = stage
        self.dropsOffer = dropsOffer
        let agreement = Agreement()
        self.agreement = agreement
        offerTopic = try stage.makeTopic("ride-offers", queues: 2)
        priceTopic = try stage.makeTopic("price-changes", queues: 4)
        servers = try (0..<Self.serverCount).map { _ in try PushServer() }
        nodes = (1...Self.nodeCount).map { number in
            let name = "node-\(number)"
            return CacheNode(name, folder: stage.folder, drops: { dropsChange(name, $0) }) {
                agreement.has($0, name)
            }
        }
        prices = try PriceTable(stage.connection, topic: priceTopic, folder: stage.folder)
        dispatcher = Producer(stage.connection, ProducerOptions(group: stage.name("ride-dispatcher")))
    }

    public func start() throws {
        let group = try stage.makeGroup("push-servers")
        for (number, server) in servers.enumerated() {
            let drops = dropsOffer
            try server.start(stage.connection, topic: offerTopic, group: group) {
                drops(number, $0)
            }
        }
        for node in nodes { try start(node) }
        for driver in 0..<Self.driverCount {
            try phones.connect(driver: driver, port: servers[driver % servers.count].port)
        }
        // A broadcasting member that starts with the newest message has to be there before the first.
        try waitUntil("the push servers hear") {
            try self.offer(-1 - Int.random(in: 0..<1_000_000))
            return self.servers.allSatisfy { !$0.seen.isEmpty }
        }
        rides.start { [self] number, _ in note { try offer(number) } }
        changes.start { [self] number, _ in note { try change(number) } }
        saver.start { [self] number, _ in note { try nodes[number % nodes.count].save() } }
    }

    private func start(_ node: CacheNode) throws {
        try node.start(stage.connection, topic: priceTopic, group: try stage.makeGroup("price-caches"))
    }

    /// Asks until it is so, ten seconds at most.
    private func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
        let deadline = monotonicSeconds() + 10
        while try !condition() {
            guard monotonicSeconds() < deadline else { throw APIError(.failed, "It took too long until \(what).") }
            sleep(untilMonotonic: monotonicSeconds() + 0.02)
        }
    }

    /// A ride for a driver. Numbers below 0 are there to hear who listens, and count for nothing.
    private func offer(_ number: Int) throws {
        let driver = number < 0 ? -1 : number * 7 % Self.driverCount
        let offer = RideOffer(number: number, driver: driver, offered: wallMilliseconds())
        try dispatcher.sendAll([
            Message(topic: offerTopic, body: Array(offer.line.utf8), keys: ["driver-\(driver)"])
        ])
        if number >= 0 { books.withLock { _ = $0.offered.insert(number) } }
    }

    /// A price changes. One thread makes all changes, so that a version is known before it is made.
    private func change(_ number: Int) throws {
        let city = number * 13 % Self.cities
        let version = books.withLock { $0.versions[city, default: 0] + 1 }
        let up = Set(nodes.filter(\.isUp).map(\.name))
        agreement.begin(city: city, version: version, nodes: up)
        // Its version holds whether the message goes out now or, after a broker's outage, later.
        books.withLock { books in
            books.versions[city] = version
            books.changes += 1
        }
        try prices.change(city: city, cents: 500 + number % 1_000)
    }

    private func note(_ work: () throws -> Void) {
        do {
            try work()
        } catch {
            books.withLock { books in
                books.refused += 1
                books.problem = "\(error)"
            }
        }
    }

    // MARK: Keys and faults
    public func press(_ key: Character) {
        switch key {
        case "c":
            if let down = nodes.first(where: { !$0.isUp }) { revive(down) } else { crash(nodes[nextVictim]) }
        case "m":
            helpers.run {
                try self.moveDriver()
            } failed: {
                self.problem($0)
            }
        default: break
        }
    }

    private var nextVictim: Int { books.withLock { $0.crashes } % nodes.count }

    public func cause(_ fault: String) throws {
        switch fault {
        case "crash":
            let node = nodes[nextVictim]
            crash(node)
            revive(node, after: 2)
        case "drop": try moveDriver()
        default: throw unknownFault(fault, of: Self.self)
        }
    }

    private func crash(_ node: CacheNode) {
        node.crash()
        agreement.forget(node.name)
        books.withLock { $0.crashes += 1 }
    }

    private func revive(_ node: CacheNode, after seconds: Double = 0) {
        helpers.run(after: seconds) { [self] in
            guard !node.isUp else { return }
            let since = monotonicSeconds()
            let wanted = books.withLock { $0.versions }
            try start(node)
            try waitUntil("\(node.name) caught up") {
                let prices = node.prices
                return wanted.allSatisfy { (prices[$0.key]?.version ?? 0) >= $0.value }
            }
            books.withLock { $0.catchUps.append(monotonicSeconds() - since) }
        } failed: {
            self.problem($0)
        }
    }

    /// A driver's phone loses its connection and finds another server: the next offer comes from there.
    private func moveDriver() throws {
        let driver = Int.random(in: 0..<Self.driverCount)
        let server = servers.min { $0.connections < $1.connections } ?? servers[0]
        try phones.connect(driver: driver, port: server.port)
    }

    private func problem(_ error: any Error) { books.withLock { $0.problem = "\(error)" } }

    // MARK: The end
    public func endLoad() {
        rides.stop()
        changes.stop()
        for node in nodes where !node.isUp { revive(node) }
    }

    public var isSettled: Bool {
        let offered = books.withLock { $0.offered }
        guard (try? prices.sendPending()) != nil else { return false }
        return phones.received.isSuperset(of: offered) && servers.allSatisfy { $0.seen.isSuperset(of: offered) }
            && (try? disagreeing()) == 0
    }

    /// Nodes whose cache is not what the database has.
    func disagreeing() throws -> Int {
        let right = try prices.all()
        return nodes.count { $0.prices != right }
    }

    public func report() throws -> ScenarioReport { try broadcastReport() }

    public func close() {
        rides.stop()
        changes.stop()
        saver.stop()
        helpers.finish()
        for node in nodes { node.crash() }
        phones.stop()
        for server in servers { server.stop() }
        dispatcher.close()
        prices.close()
    }

    var seconds: Double { monotonicSeconds() - started }
}
