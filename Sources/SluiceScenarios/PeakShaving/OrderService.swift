import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// The shop's order service: publishes order events at a steady rate that now and then surges.
public final class OrderService: Sendable {

    /// How fast it publishes, and when it surges.
    public struct Rhythm: Sendable, Equatable {
        /// Events a second in quiet times and in a surge.
        public var calm: Double
        public var surge: Double
        /// Seconds a surge lasts, seconds from the start to the first, and from one to the next.
        public var surgeSeconds: Double
        public var firstSurge: Double
        public var interval: Double

        public init(
            calm: Double = 500, surge: Double = 12_000, surgeSeconds: Double = 10, firstSurge: Double = 10,
            interval: Double = 120
        ) {
            self.calm = calm
            self.surge = surge
            self.surgeSeconds = surgeSeconds
            self.firstSurge = firstSurge
            self.interval = interval
        }
    }

    fileprivate struct State {
        var isRunning = false
        var surgeEnds = 0.0
        var nextSurge = 0.0
        var stream: OrderStream
        var failed = 0
        var problem: String?
        /// Acknowledgement times of the last interval, of the calm before the first surge, and of all surges.
        var recent = LatencyHistogram()
        var calm = LatencyHistogram()
        var surge = LatencyHistogram()
        var started = 0.0
        /// When the first surge began; nil before it.
        var firstSurge: Double?
        /// Newest version of each of the newest orders: what the shop's own pages show without the database.
        var cache: [Int64: Int] = [:]
    }
    private let state: Mutex<State>
    private let producer: Producer
    private let ledger: EventLedger
    private let rhythm: Rhythm
    private let topic: String
    private let queues: Int
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter queues: write queues of the topic; an order's events all go to one of them.
    public init(
        _ connection: any Connection, topic: String, ledger: EventLedger, rhythm: Rhythm, queues: Int, seed: UInt64 = 1
    ) {
        self.topic = topic
        producer = Producer(connection, ProducerOptions(group: "order-service", window: 8_192))
        self.ledger = ledger
        self.rhythm = rhythm
        self.queues = queues
        state = Mutex(State(stream: OrderStream(seed: seed)))
    }

    /// Publishes orders at once, whatever the rhythm, and waits until all are acknowledged; before ``start()``. What they
    /// take counts for no latency.
    func publish(ahead count: Int) {
        for start in stride(from: 0, to: count, by: 256) { post(min(256, count - start)) }
        producer.flush()
        state.withLock { state in
            state.recent = LatencyHistogram()
            state.calm = LatencyHistogram()
        }
    }

    /// Begins to publish, on a thread of its own.
    public func start() {
        let now = monotonicSeconds()
        state.withLock { state in
            state.isRunning = true
            state.started = now
            state.nextSurge = now + rhythm.firstSurge
        }
        Thread { [self] in
            publish()
            producer.flush()
            producer.close()
            ended.signal()
        }.start()
    }

    /// Ends publishing; returns when everything sent is acknowledged or has failed.
    public func stop() {
        let wasRunning = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        if wasRunning { ended.wait() }
    }

    /// Begins a surge now.
    public func surge() {
        let now = monotonicSeconds()
        state.withLock { $0.begin(at: now, rhythm) }
    }

    /// Seconds that the surge still lasts (nil without one), and until the next one comes by itself.
    public var outlook: (left: Double?, next: Double) {
        let now = monotonicSeconds()
        return state.withLock { state in
            (now < state.surgeEnds ? state.surgeEnds - now : nil, max(0, state.nextSurge - now))
        }
    }
    /// Messages that could not be published, and why the last one could not.
    public var failures: (count: Int, problem: String?) { state.withLock { ($0.failed, $0.problem) } }
    /// Events sent twice and late on purpose.
    public var disorder: (duplicates: Int, late: Int) { state.withLock { ($0.stream.duplicates, $0.stream.late) } }
    /// Time to acknowledgement before the first surge and during surges.
    public var latency: (calm: LatencyHistogram, surge: LatencyHistogram) { state.withLock { ($0.calm, $0.surge) } }

    /// Seconds that the calm before the first surge was measured for; 0 where none came.
    var calmSeconds: Double { state.withLock { state in state.firstSurge.map { max(0, $0 - state.started - 1) } ?? 0 } }

    /// Newest versions of the newest orders.
    var cache: [Int64: Int] { state.withLock { $0.cache } }

    /// Time to acknowledgement since the last call.
    func takeLatency() -> LatencyHistogram {
        state.withLock { state in
            defer { state.recent = LatencyHistogram() }
            return state.recent
        }
    }

    /// Every 2 ms posts what is due by the clock; at most a tenth of a second is made up for.
    private func publish() {
        var last = monotonicSeconds()
        var due = 0.0
        while true {
            sleep(untilMonotonic: last + 0.002)
            let now = monotonicSeconds()
            let (isRunning, rate) = state.withLock { ($0.isRunning, $0.rate(at: now, rhythm)) }
            guard isRunning else { return }
            due = min(due + (now - last) * rate, max(1, rate / 10))
            last = now
            post(Int(due))
            due -= due.rounded(.down)
        }
    }

    /// Posts so many events together: what is due at one moment shares a batch.
    private func post(_ count: Int) {
        let posted = monotonicSeconds()
        let messages = (0..<count).map { _ -> (Message, Producer.Handler) in
            let event = state.withLock { $0.nextEvent() }
            let message = Message(
                topic: topic, body: event.body, tag: event.state.rawValue, keys: [event.key],
                queue: Int(event.order) % queues)
            return (message, { [weak self] result in self?.acknowledge(event.number, posted, result) })
        }
        do throws(APIError) {
            try producer.post(together: messages)
        } catch {
            state.withLock { $0.fail(error) }
        }
    }

    private func acknowledge(_ number: Int, _ posted: Double, _ result: Result<SendReceipt, APIError>) {
        switch result {
        case .success:
            ledger.acknowledge(number)
            let now = monotonicSeconds()
            state.withLock { $0.note(posted: posted, now: now, rhythm) }
        case .failure(let error): state.withLock { $0.fail(error) }
        }
    }
}

extension OrderService.State {
    /// The next event; the cache has it before it is sent.
    fileprivate mutating func nextEvent() -> OrderEvent {
        let event = stream.next()
        cache[event.order] = max(event.version, cache[event.order] ?? 0)
        if cache.count > 120_000, let newest = cache.keys.max() { cache = cache.filter { $0.key > newest - 60_000 } }
        return event
    }

    /// Events a second due now; begins the surges that come by themselves.
    fileprivate mutating func rate(at now: Double, _ rhythm: OrderService.Rhythm) -> Double {
        if now >= nextSurge { begin(at: now, rhythm) }
        return now < surgeEnds ? rhythm.surge : rhythm.calm
    }

    fileprivate mutating func begin(at now: Double, _ rhythm: OrderService.Rhythm) {
        surgeEnds = now + rhythm.surgeSeconds
        nextSurge = now + max(rhythm.interval, rhythm.surgeSeconds)
        firstSurge = firstSurge ?? now
    }

    fileprivate mutating func fail(_ error: APIError) {
        failed += 1
        problem = error.message
    }

    /// Sorts a time to acknowledgement into its phase. The first second warms up and counts for none.
    fileprivate mutating func note(posted: Double, now: Double, _ rhythm: OrderService.Rhythm) {
        let microseconds = Int64((now - posted) * 1e6)
        recent.add(microseconds: microseconds)
        if firstSurge != nil {
            if posted < surgeEnds { surge.add(microseconds: microseconds) }
        } else if posted > started + 1 {
            calm.add(microseconds: microseconds)
        }
    }
}
