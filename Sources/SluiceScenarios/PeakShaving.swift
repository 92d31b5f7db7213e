import Foundation
import SluiceAPI
import SluiceClient
import Synchronization

/// How the peak shaving scenario is run.
public struct PeakShavingOptions: Sendable {
    public var durability: Durability
    public var rhythm: OrderService.Rhythm
    /// Messages a second that the database is to land.
    public var outPerSecond: Double
    public var queues: Int
    /// Batches that the landing group works on at once.
    public var threads: Int
    /// Where the temporary folder goes; nil chooses.
    public var root: String?

    public init(
        durability: Durability = .sync, rhythm: OrderService.Rhythm = OrderService.Rhythm(),
        outPerSecond: Double = 2_000, queues: Int = 8, threads: Int = 4, root: String? = nil
    ) {
        self.durability = durability
        self.rhythm = rhythm
        self.outPerSecond = outPerSecond
        self.queues = queues
        self.threads = threads
        self.root = root
    }

    /// Options for a run that ends: its surge is early and small enough to be drained in twice the duration.
    public static func timed(seconds: Double, durability: Durability) -> PeakShavingOptions {
        var options = PeakShavingOptions(durability: durability)
        options.rhythm.firstSurge = max(3, min(10, seconds * 0.27))
        options.rhythm.surgeSeconds = min(10, seconds * 0.34)
        return options
    }
}

/// Peak shaving: an order service that surges, a broker in a temporary folder that takes the flood, and a landing
/// service that goes on at the pace of its database.
public final class PeakShaving: Sendable {
    private struct Last {
        var seconds: Double
        var published = 0
        var landed = 0
        var backlog = 0
    }
    public let broker: EmbeddedBroker
    private let folder: ScratchFolder
    var folderPath: String { folder.path }
    private let database: OrderDatabase
    private let ledger = EventLedger()
    private let orders: OrderService
    private let landing: LandingService
    private let pacer: CommitPacer
    private let options: PeakShavingOptions
    private let started = monotonicSeconds()
    private let last: Mutex<Last>
    private let isClosed = Mutex(false)

    /// Opens a broker and a database in a new temporary folder and measures what a commit costs.
    public init(_ options: PeakShavingOptions = PeakShavingOptions()) throws {
        let folder = try ScratchFolder.make(in: options.root)
        do {
            database = try OrderDatabase(path: folder.path + "/orders.sqlite")
            pacer = CommitPacer(target: options.outPerSecond, seconds: try database.measureCommit())
            broker = try EmbeddedBroker.open(
                EmbeddedOptions(
                    dataFolder: folder.path + "/broker", durability: options.durability, retainBytes: 1 << 30,
                    segmentBytes: 64 << 20))
        } catch {
            folder.remove()
            throw error
        }
        self.folder = folder
        self.options = options
        orders = OrderService(broker.connection, ledger: ledger, rhythm: options.rhythm, queues: options.queues)
        landing = LandingService(store: database, ledger: ledger, pacer: pacer)
        last = Mutex(Last(seconds: started))
    }

    /// Creates the topic and starts both services.
    public func start() async throws {
        try await broker.admin.createTopic(
            TopicConfig(name: OrderService.topic, readQueues: options.queues, writeQueues: options.queues))
        try landing.start(broker.connection, topic: OrderService.topic, threads: options.threads)
        last.withLock { $0.seconds = monotonicSeconds() }
        orders.start()
    }

    /// Begins a surge now.
    public func surge() { orders.surge() }
    /// Ends the order service; the landing goes on.
    public func stopProducers() { orders.stop() }
    public var backlog: Int { ledger.acknowledged - ledger.arrived }
    /// What the order service or the database last complained of.
    public var problem: String? { landing.problem ?? orders.failures.problem }

    /// What happened since the last call, to be made once a second.
    public func sample() -> PeakShavingSample {
        let now = monotonicSeconds()
        let arrived = ledger.arrived
        let published = ledger.acknowledged
        let backlog = max(0, published - arrived)
        let surge = orders.outlook
        return last.withLock { last in
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
    }

    /// Runs for a time, lets the backlog drain for at most twice that, and judges the run.
    ///
    /// - Parameters:
    ///   - shouldStop: asked several times a second; true ends the run at once.
    ///   - onSample: called once a second.
    /// - Returns: nil when the run was ended.
    public func run(
        seconds: Double, shouldStop: () -> Bool, onSample: (PeakShavingSample) throws -> Void
    ) throws -> PeakShavingReport? {
        let start = monotonicSeconds()
        var samples: [PeakShavingSample] = []
        var isProducing = true
        for tick in 1... {
            let next = start + Double(tick)
            while monotonicSeconds() < next {
                if shouldStop() { return nil }
                sleep(untilMonotonic: min(next, monotonicSeconds() + 0.1))
            }
            let sample = sample()
            samples.append(sample)
            try onSample(sample)
            if isProducing && next - start >= seconds {
                orders.stop()
                isProducing = false
            }
            let isOver = next - start >= 3 * seconds
            if !isProducing && (backlog == 0 || isOver) { break }
        }
        landing.stop()
        return PeakShavingReport(totals: try totals(), samples: samples)
    }

    private func totals() throws -> PeakShavingTotals {
        var totals = PeakShavingTotals()
        totals.published = ledger.acknowledged
        totals.refused = orders.failures.count
        totals.consumed = ledger.arrived
        totals.missing = ledger.lost
        totals.counts = landing.counts
        totals.contents = try database.contents()
        (totals.sentTwice, totals.sentLate) = orders.disorder
        totals.backlog = backlog
        (totals.calm, totals.surge) = orders.latency
        return totals
    }

    /// Ends both services, closes the broker and removes the folder. A second call does nothing.
    public func close() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        orders.stop()
        landing.stop()
        broker.close()
        try? database.close()
        folder.remove()
    }
}
