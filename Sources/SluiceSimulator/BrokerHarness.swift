import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

/// A broker on a simulated disk, in one thread: time moves when the test says so, and the disk's jobs run where the owner
/// would hand them out.
///
/// Confined to one test.
public final class BrokerHarness {
    public let disk: SimulatedDisk
    public private(set) var broker: Broker
    /// Epoch ms.
    public private(set) var now: Int64
    public var storeOptions: StoreOptions
    public var options: BrokerOptions
    /// True leaves the timer's jobs, and the checkpoints that are due, to the test.
    public var holdsMaintenance = false
    /// False makes no room for new messages: for tests that open many folders to read them.
    private let roomAhead: Bool
    private static let host = HostAddress(address: 0x7F00_0001, port: 40_000)

    public init(
        _ disk: SimulatedDisk = SimulatedDisk(), durable: Bool = true, segmentBytes: Int64 = 64 << 10,
        options: BrokerOptions = BrokerOptions(), now: Int64 = 1_700_000_000_000, roomAhead: Bool = true
    ) throws {
        self.disk = disk
        self.now = now
        self.options = options
        self.roomAhead = roomAhead
        storeOptions = StoreOptions()
        storeOptions.durable = durable
        storeOptions.segmentBytes = segmentBytes
        _ = try DataFolder.open(disk, create: true, newIdentity: "harness")
        broker = try Broker.open(disk: disk, storeOptions: storeOptions, options: options, now: now)
        settle()
    }

    // MARK: Turns

    /// One turn of the owner at the present time, without the disk.
    public func turn() {
        broker.beginTurn(now: now)
        broker.endTurn()
    }

    /// Lets the disk do everything that waits for it.
    public func settle() {
        for _ in 0..<10_000 {
            var worked = false
            // Only as far ahead as any one message needs: a test's disk is memory.
            if roomAhead, !broker.store.hasRoom(for: 6 << 20), let job = broker.store.takePrepare() {
                job.run()
                broker.store.finish(job)
                worked = job.failure == nil
            }
            while let job = broker.store.takeWrite() {
                job.run()
                broker.store.finish(job)
                broker.confirmed()
                worked = true
            }
            broker.endTurn()
            if !holdsMaintenance, let job = broker.takeTimerJob() {
                job.run()
                broker.finish(job)
                worked = job.failure == nil
            }
            if !worked, broker.store.broken != nil || !broker.store.hasUnwritten { return }
        }
        preconditionFailure("the broker does not come to rest")
    }

    /// Turns and the disk, until nothing is left to do now.
    public func run() {
        turn()
        settle()
        repeat {
            turn()
            settle()
            if !holdsMaintenance, broker.store.wantsCheckpoint { checkpoint() }
        } while broker.nextDeadline() <= now && broker.store.broken == nil
    }

    public func advance(_ milliseconds: Int64) {
        now += milliseconds
        run()
    }

    @discardableResult
    public func checkpoint(clean: Bool = false) -> CheckpointJob? {
        guard let job = broker.takeCheckpoint(force: true, clean: clean) else { return nil }
        job.run()
        broker.finish(job)
        return job
    }

    // MARK: Ends and beginnings

    public func crash(seed: UInt64) throws {
        disk.crash(seed: seed)
        try reopen()
    }

    public func kill() throws {
        disk.kill()
        try reopen()
    }

    /// Ends in order and begins again.
    public func restart() throws {
        close()
        disk.kill()
        try reopen()
    }

    public func close() {
        broker.beginClosing()
        settle()
        checkpoint(clean: true)
    }

    public func reopen() throws {
        broker = try Broker.open(disk: disk, storeOptions: storeOptions, options: options, now: now)
        settle()
    }

    // MARK: Requests

    /// Hands a request in and lets the disk work. Throws what the broker refused it with.
    @discardableResult
    public func ask(_ request: Request) throws -> Response {
        let box = ReplyBox()
        broker.handle(request, box.reply)
        settle()
        guard let response = box.response else { throw APIError(.failed, "no answer came") }
        if case .failed(let error) = response { throw error }
        return response
    }

    /// Hands a request in and leaves the disk alone.
    public func begin(_ request: Request) -> ReplyBox {
        let box = ReplyBox()
        broker.handle(request, box.reply)
        return box
    }

    public struct Stored: Equatable {
        public var queue: QueueID
        public var queueOffset: Int64
        public var physicalOffset: Int64
    }

    /// Messages handed in, with what became of them once the disk had them.
    public struct Sending {
        public let batch: PublishBatch
        private let source: SingleBatch
        public var isAnswered: Bool { source.isDone }

        init(_ batch: PublishBatch, _ source: SingleBatch) {
            self.batch = batch
            self.source = source
        }

        public func stored(_ index: Int = 0) throws -> Stored {
            guard isAnswered else { throw APIError(.failed, "no answer came") }
            if let error = batch.error(index) { throw error }
            let entry = batch.entries[index]
            return Stored(
                queue: QueueID(batch.topics[Int(entry.topic)], Int(entry.queue)), queueOffset: entry.queueOffset,
                physicalOffset: entry.physicalOffset)
        }
    }

    /// Hands messages in and leaves the disk alone.
    public func send(_ messages: [Message], transaction group: String? = nil) -> Sending {
        let (batch, source) = Self.batch(messages, transaction: group, bornAt: now)
        broker.handle(.publish(source)) { _ in }
        return Sending(batch, source)
    }

    /// Messages as a producer's connection lays them out.
    static func batch(
        _ messages: [Message], transaction group: String?, bornAt now: Int64
    ) -> (batch: PublishBatch, source: SingleBatch) {
        let batch = PublishBatch(bornHost: host, capacity: 4 << 10)
        for message in messages {
            let properties = PropertyCoding.encode(properties(message, group))
            let target = batch.add(
                topic: batch.topic(message.topic), queue: Int32(message.queue ?? -1), flag: message.flag,
                bornTimestamp: now, propertyBytes: properties.count, bodyBytes: message.body.count)
            properties.withUnsafeBytes { target.put($0, count: $0.count, at: 0) }
            message.body.withUnsafeBytes { target.put($0, count: $0.count, at: properties.count) }
        }
        return (batch, SingleBatch(batch))
    }

    private static func properties(_ message: Message, _ group: String?) -> [Property] {
        var properties = message.properties
        if let tag = message.tag { properties.append(Property(PropertyName.tags, tag)) }
        if !message.keys.isEmpty {
            properties.append(Property(PropertyName.keys, message.keys.joined(separator: " ")))
        }
        switch message.delay {
        case .level(let level): properties.append(Property(PropertyName.delayLevel, String(level)))
        case .after(let time): properties.append(Property(PropertyName.timerDelayMilliseconds, String(time)))
        case .at(let time): properties.append(Property(PropertyName.timerDeliverAt, String(time)))
        case nil: break
        }
        if let group {
            properties += [Property(PropertyName.transaction, "true"), Property(PropertyName.producerGroup, group)]
        }
        return properties
    }

    /// Publishes and lets the disk work.
    @discardableResult
    public func publish(_ messages: [Message], transaction group: String? = nil) throws -> [Stored] {
        let sending = send(messages, transaction: group)
        settle()
        return try messages.indices.map { try sending.stored($0) }
    }

    @discardableResult
    public func publish(_ message: Message, transaction group: String? = nil) throws -> Stored {
        try publish([message], transaction: group)[0]
    }

    /// Publishes text to queue 0.
    @discardableResult
    public func publish(_ topic: String, _ text: String, queue: Int = 0) throws -> Stored {
        try publish(Message(topic: topic, body: Array(text.utf8), queue: queue))
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func put(_ bytes: UnsafeRawBufferPointer, count: Int, at offset: Int) {
        guard let base = bytes.baseAddress, count > 0 else { return }
        (self + offset).copyMemory(from: base, byteCount: count)
    }
}
