import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Where log lines end up. A batch that comes again changes nothing.
protocol LogSink: Sendable {
    /// Stores batches as a whole, or throws and stores none of them, or those that it will know again.
    /// - Returns: how many of them were there already.
    func take(_ batches: [LogBatch]) throws -> Int
    /// What is stored, read back from where it is.
    func sum() throws -> LineSum
    /// Lines stored, without reading them.
    func count() throws -> Int
    func close() throws
}

/// A sink with a consumer group of its own: its pace and its lag are its own.
final class SinkRunner: Sendable {
    let name: String
    let group: String
    let sink: any LogSink
    private struct Counts {
        var repeats = 0
        var lies = 0
        var problem: String?
    }
    private let counts = Mutex(Counts())
    private let consumer = Mutex<PushConsumer?>(nil)
    private let drops: Bool

    /// - Parameter drops: in tests, a sink that says that it has stored what it has not.
    init(_ name: String, group: String, sink: any LogSink, drops: Bool = false) {
        self.name = name
        self.group = group
        self.sink = sink
        self.drops = drops
    }

    var isRunning: Bool { consumer.withLock { $0 != nil } }
    /// Batches that came again; messages that do not hold as many lines as they say.
    var repeats: Int { counts.withLock { $0.repeats } }
    var lies: Int { counts.withLock { $0.lies } }
    var problem: String? { counts.withLock { $0.problem } }

    /// Joins its group; a new group reads from the start. A batch that fails is tried again in place.
    func start(_ connection: any Connection, topic: String) throws {
        guard !isRunning else { return }
        let options = ConsumerOptions(group: group, threads: 1, batch: 16, ordered: true, prefetch: 64)
        let new = PushConsumer(connection, options) { [weak self] in self?.take($0) ?? .retryLater }
        try new.subscribe(topic)
        try new.start()
        consumer.withLock { $0 = new }
    }

    func take(_ messages: [StoredMessage]) -> ConsumeResult {
        var batches: [LogBatch] = []
        var lies = 0
        for message in messages {
            guard let batch = LogBatch(message) else { continue }
            if message.property(LogBatch.linesProperty) != String(batch.lines.count) { lies += 1 }
            batches.append(batch)
        }
        do {
            let repeats = try sink.take(drops ? batches.filter { !$0.id.hasSuffix("3") } : batches)
            counts.withLock { counts in
                counts.repeats += repeats
                counts.lies += lies
                counts.problem = nil
            }
            return .success
        } catch {
            counts.withLock { $0.problem = "\(error)" }
            return .retryLater
        }
    }

    func stop() {
        let old = consumer.withLock { consumer in
            defer { consumer = nil }
            return consumer
        }
        old?.shutdown()
    }

    func close() {
        stop()
        try? sink.close()
    }
}
