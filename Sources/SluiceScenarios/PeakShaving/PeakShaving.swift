import Foundation
import SluiceAPI
import SluiceClient
import Synchronization

/// How the peak shaving scenario is run.
public struct PeakShavingOptions: Sendable {
    public var rhythm: OrderService.Rhythm
    /// Messages a second that the database is to land.
    public var outPerSecond: Double
    public var queues: Int
    /// Batches that a landing consumer works on at once.
    public var threads: Int
    /// Orders that wait when it begins, so that the landing is as busy before the surge as in it: both write to one disk,
    /// and how long a publisher waits is to be compared beside the same work.
    public var ahead = 0

    public init(
        rhythm: OrderService.Rhythm = OrderService.Rhythm(), outPerSecond: Double = 2_000, queues: Int = 8,
        threads: Int = 4
    ) {
        self.rhythm = rhythm
        self.outPerSecond = outPerSecond
        self.queues = queues
        self.threads = threads
    }

    /// Options for a run that ends: its surge is early and small enough to be drained in twice the duration.
    public static func timed(seconds: Double) -> PeakShavingOptions {
        var options = PeakShavingOptions()
        options.rhythm.firstSurge = max(3, min(10, seconds * 0.27))
        options.rhythm.surgeSeconds = min(10, seconds * 0.34)
        if options.rhythm.firstSurge - 1 >= PeakShavingReport.leastSeconds {
            options.ahead = Int((options.outPerSecond - options.rhythm.calm) * options.rhythm.firstSurge)
        }
        return options
    }
}

/// Peak shaving: an order service that surges, a broker that takes the flood, and a landing service that goes on at the
/// pace of its database; beside it the same surge without a queue, straight at the database.
public final class PeakShaving: Scenario {
    public static let about = ScenarioAbout(
        name: "peak-shaving", title: "Orders, levelled for a database",
        claim: "A surge six times what the database can take lands whole at the database's pace, and nobody waits.",
        faults: [
            ScenarioFault("surge", "begins a surge now"),
            ScenarioFault("stall", "locks the database for two seconds"),
            ScenarioFault("pause", "pauses the landing group's gate for two seconds"),
            ScenarioFault("straight", "sends a surge straight at the database, without the queue"),
        ],
        outageSkips: [
            "refused", "dropped", "orders_unlike_the_cache", "peak_in_by_peak_out", "out_variation",
            "publish_p99_in_surge_by_before", "p99_without_queue_by_with",
        ])

    private struct Last {
        var seconds: Double
        var published = 0
        var landed = 0
        var backlog = 0
    }
    struct Controls {
        var gate = GateSetting.open
        var problem: String?
        var samples: [PeakShavingSample] = []
        var straight: StraightSurge.Result?
        var isStraightRunning = false
    }
    let stage: ScenarioStage
    let options: PeakShavingOptions
    let database: OrderDatabase
    let ledger = EventLedger()
    let orders: OrderService
    let landing: LandingService
    let pacer: CommitPacer
    let topic: String
    let group: String
    let stall: DatabaseStall
    let controls = Mutex(Controls())
    /// What takes a moment after a key or a fault: no key waits for another.
    let helpers = DispatchQueue(label: "peak-shaving", attributes: .concurrent)
    private let started = monotonicSeconds()
    private let last: Mutex<Last>
    private let isClosed = Mutex(false)

    public convenience init(_ stage: ScenarioStage) throws {
        try self.init(stage, stage.options.seconds.map { .timed(seconds: $0) } ?? PeakShavingOptions())
    }

    /// Opens a database in the stage's folder and measures what a commit costs.
    public init(_ stage: ScenarioStage, _ options: PeakShavingOptions) throws {
        self.stage = stage
        self.options = options
        let path = stage.folder + "/orders.sqlite"
        database = try OrderDatabase(path: path)
        stall = try DatabaseStall(path: path)
        pacer = CommitPacer(target: options.outPerSecond, seconds: try database.measureCommit())
        topic = try stage.makeTopic("orders", queues: options.queues)
        group = try stage.makeGroup("order-landing")
        orders = OrderService(
            stage.connection, topic: topic, ledger: ledger, rhythm: options.rhythm, queues: options.queues)
        landing = LandingService(store: database, ledger: ledger, pacer: pacer)
        last = Mutex(Last(seconds: started))
    }

    /// Starts both services.
    public func start() throws {
        orders.publish(ahead: options.ahead)
        // The first second is none of these orders'.
        let ahead = ledger.acknowledged
        last.withLock { $0 = Last(seconds: monotonicSeconds(), published: ahead, backlog: ahead) }
        try addConsumer()
        orders.start()
    }

    func addConsumer() throws(APIError) {
        try landing.start(stage.connection, group: group, topic: topic, threads: options.threads)
    }

    /// Acknowledged messages that have not arrived. One may arrive that never was acknowledged, its answer lost with a
    /// broker: the difference of both counts would hide as many that wait.
    public var backlog: Int { ledger.lost }
    /// What the order service, the database or a key's action last complained of.
    public var problem: String? { landing.problem ?? orders.failures.problem ?? controls.withLock { $0.problem } }

    /// What happened since the last call, to be made once a second.
    public func sample() -> PeakShavingSample {
        let now = monotonicSeconds()
        let arrived = ledger.arrived
        let published = ledger.acknowledged
        let backlog = self.backlog
        let surge = orders.outlook
        let sample = last.withLock { last in
            defer { last = Last(seconds: now, published: published, landed: arrived, backlog: backlog) }
            let span = max(now - last.seconds, 1e-3)
            return PeakShavingSample(
                seconds: now - started, time: wallMilliseconds(),
                inPerSecond: Double(published - last.published) / span,
                outPerSecond: Double(arrived - last.landed) / span, backlog: backlog,
                state: PeakShavingSample.State(before: last.backlog, after: backlog, out: arrived - last.landed),
                publishP99: orders.takeLatency().quantile(0.99), databaseP99: landing.takeLatency().quantile(0.99),
                messagesPerCommit: pacer.messagesPerCommit, surgeSecondsLeft: surge.left, secondsToSurge: surge.next,
                landed: arrived, dropped: landing.counts)
        }
        controls.withLock { controls in
            controls.samples.append(sample)
            // A day of samples is enough of a demonstration that nobody ends.
            if controls.samples.count > 86_400 { controls.samples.removeFirst(3_600) }
        }
        return sample
    }

    public func endLoad() {
        stall.release()
        if controls.withLock({ $0.gate }) != .open { set(.open) }
        orders.stop()
    }

    public var isSettled: Bool { ledger.lost == 0 }

    /// Judges the run; where no surge has gone straight at the database yet, one does now.
    public func report() throws -> ScenarioReport {
        landing.stop()
        if controls.withLock({ $0.straight }) == nil { try runStraight() }
        let (samples, straight) = controls.withLock { ($0.samples, $0.straight) }
        return PeakShavingReport(totals: try totals(samples), samples: samples, straight: straight).general
    }

    private func totals(_ samples: [PeakShavingSample]) throws -> PeakShavingTotals {
        var totals = PeakShavingTotals()
        totals.published = ledger.acknowledged
        totals.refused = orders.failures.count
        totals.consumed = ledger.arrived
        totals.missing = ledger.lost
        totals.counts = landing.counts
        totals.contents = try database.contents()
        (totals.sentTwice, totals.sentLate) = orders.disorder
        (totals.calm, totals.surge) = orders.latency
        totals.calmSeconds = orders.calmSeconds
        totals.surgeSeconds = Double(samples.count { $0.isSurging })
        totals.unlikeCache = try database.count(unlike: orders.cache)
        return totals
    }

    /// Ends both services and closes the database. A second call does nothing.
    public func close() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        stall.release()
        orders.stop()
        landing.stop()
        helpers.sync(flags: .barrier) {}
        try? database.close()
    }
}
