import Dispatch
import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Prints what a topic holds in the order in which it was stored, then what comes.
struct Follower {
    let reader: TopicReader
    var cursors: [QueueCursor]
    let watch: SignalWatch
    /// Messages still to print; nil is without limit.
    var left: Int?
    let untilEmpty: Bool
    let format: MessageFormat
    private var output = Output()
    private var unsaved = 0
    private var printed = 0
    private var progress = Progress()
    private let bell = Bell()
    /// Messages on a terminal are progress enough.
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    init(
        reader: TopicReader, cursors: [QueueCursor], watch: SignalWatch, left: Int?, untilEmpty: Bool,
        format: MessageFormat
    ) {
        self.reader = reader
        self.cursors = cursors
        self.watch = watch
        self.left = left
        self.untilEmpty = untilEmpty
        self.format = format
    }

    mutating func run() throws {
        let bell = bell
        defer { progress.finish() }
        watch.onSignal { bell.ring() }
        while !isEnding {
            let before = printed + unsaved
            try round()
            let hasPrinted = printed + unsaved > before
            try save()
            if untilEmpty && !hasPrinted { return }
            if !hasPrinted && !isEnding { try waitForMore() }
        }
        try save()
    }

    /// Throws where messages could not be had: whoever takes the output for all of them has to know.
    func checkPassedOver() throws {
        let passed = cursors.filter { $0.passedOver > 0 }
        guard let worst = passed.max(by: { $0.passedOver < $1.passedOver }) else { return }
        let count = passed.reduce(0) { $0 + $1.passedOver }
        throw CommandFailure(
            .partlyDone,
            "\(grouped(count)) \(count == 1 ? "message" : "messages") could not be read (most in \(worst.id.topic), "
                + "queue \(worst.id.queue)): damaged, or deleted before group \(reader.group) came there."
        )
    }

    private var isEnding: Bool { left == 0 || watch.received != nil }

    /// Prints everything that was stored before the round began, over all queues in the order of the commit log.
    private mutating func round() throws {
        cursors += try blocking { [reader, cursors] in try await reader.retryCursors(cursors) }
        let end = try blocking { [reader] in try await reader.end() }
        for index in cursors.indices { cursors[index].isDone = false }
        while !isEnding {
            cursors = try blocking { [reader, cursors] in try await reader.refill(cursors) }
            var order = cursors.indices.filter { !cursors[$0].waiting.isEmpty && !cursors[$0].isDone }
            if order.isEmpty {
                if cursors.allSatisfy(\.isDone) { return }
                continue
            }
            try merge(&order, before: end)
        }
    }

    /// Prints the oldest waiting message until a queue has none left, which then has to be asked again.
    private mutating func merge(_ order: inout [Int], before end: Int64) throws {
        while !isEnding, let next = order.min(by: { head($0) < head($1) }) {
            guard head(next) < end, let message = cursors[next].waiting.popLast() else {
                for index in order { cursors[index].isDone = true }
                return
            }
            output.write(message.asSent, as: format)
            cursors[next].position = message.queueOffset + 1
            unsaved += 1
            left = left.map { $0 - 1 }
            if cursors[next].waiting.isEmpty {
                cursors[next].position = cursors[next].fetch
                if output.isFull || unsaved >= 10_000 { try save() }
                return
            }
            if output.isFull { try output.flush() }
            if !isTerminal { progress.update("\(grouped(printed + unsaved)) messages") }
        }
    }

    private func head(_ index: Int) -> Int64 { cursors[index].waiting.last.map(reader.place) ?? .max }

    /// Hands over what was printed, and only then commits it.
    private mutating func save() throws {
        try output.flush()
        printed += unsaved
        cursors = try blocking { [reader, cursors] in try await reader.commit(cursors) }
        unsaved = 0
    }

    /// Waits until a queue has something new, a signal comes, or the reader of the output has gone.
    private func waitForMore() throws {
        bell.watch(cursors, reader)
        while !bell.wait(seconds: 1) {
            if Output.readerIsGone { throw CommandFailure(.closedPipe, "") }
        }
    }
}

extension StoredMessage {
    /// A message that came back for another try, as of the topic that it was sent to.
    fileprivate var asSent: StoredMessage {
        guard let topic = property(PropertyName.retryTopic) else { return self }
        var message = self
        message.topic = topic
        return message
    }
}

/// Wakes the follower when something happens; keeps one long poll open per queue.
private final class Bell: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let watched = Mutex<Set<QueueID>>([])

    func ring() { semaphore.signal() }

    func wait(seconds: Int) -> Bool { semaphore.wait(timeout: .now() + .seconds(seconds)) == .success }

    /// Starts a long poll on each queue that has none.
    func watch(_ cursors: [QueueCursor], _ reader: TopicReader) {
        for cursor in cursors {
            guard watched.withLock({ $0.insert(cursor.id).inserted }) else { continue }
            Task.detached { [self] in
                do throws(APIError) {
                    _ = try await reader.consumer.pull(
                        cursor.id, from: cursor.fetch, limit: 1, filter: cursor.filter, wait: 15_000)
                } catch {
                    // The next round meets the same error and says so.
                }
                _ = watched.withLock { $0.remove(cursor.id) }
                ring()
            }
        }
    }
}
