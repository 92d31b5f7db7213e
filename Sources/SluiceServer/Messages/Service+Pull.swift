import CSluice
import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// PULL_MESSAGE and LITE_PULL_MESSAGE (requests, 3).
extension Service {
    /// Bits of a pull's sysFlag.
    private enum PullFlag {
        static let commitOffset: Int64 = 1
        static let suspend: Int64 = 2
        static let subscription: Int64 = 4
    }

    /// Bytes of messages in one answer at most, but for a first one that is larger (semantics, 7).
    static let maxPullBytes = 256 << 10
    /// Queue units looked at for one answer of a filtered subscription.
    static let filteredScan = 1_024
    /// Messages in one answer at most, whatever the client asks for.
    static let maxPullMessages = 1_024

    func pull(_ connection: RemotingConnection) {
        let header = connection.header
        guard let group = header["consumerGroup"]?.text, let topic = header["topic"]?.text,
            let queue = header["queueId"]?.integer, let offset = header["queueOffset"]?.integer,
            let most = header["maxMsgNums"]?.integer, let flags = header["sysFlag"]?.integer
        else {
            return refuse(
                connection, ResponseCode.systemError, "the pull request lacks group, topic, queue or another field")
        }
        let filter: MessageFilter
        switch self.filter(header, group: group, topic: topic, fromHeader: flags & PullFlag.subscription != 0) {
        case .success(let found): filter = found
        case .failure(let refusal): return refuse(connection, refusal.code, refusal.remark)
        }
        if flags & PullFlag.commitOffset != 0, let committed = header["commitOffset"]?.integer, committed >= 0 {
            let commit = OffsetCommit(
                group: group, queue: QueueID(topic, Int(queue)), offset: committed)
            host.submit(.commit([commit])) { _ in }
        }
        let messages = Int(min(max(most, 1), Int64(Self.maxPullMessages)))
        let wait = flags & PullFlag.suspend != 0 ? header["suspendTimeoutMillis"]?.integer ?? 0 : 0
        let request = PullRequest(
            group: group, queue: QueueID(topic, Int(clamping: queue)), offset: offset,
            limit: filter.passesAll ? messages : Self.filteredScan, most: filter.passesAll ? nil : messages,
            filter: filter.tags,
            wait: min(max(wait, 0), 120_000), client: clients.client(of: connection, in: group))
        connection.submitOpen()
        let asked = PullAsked(
            connection: connection, opaque: header.opaque, type: header.type, filter: filter, messages: messages,
            request: request, deadline: now + request.wait)
        host.submit(.pull(request)) { [self] response in answer(asked, response) }
    }

    /// What the subscription says: that of the request, or the one of the group's heartbeats.
    private func filter(
        _ header: HeaderReader, group: String, topic: String, fromHeader: Bool
    ) -> Result<MessageFilter, Refusal> {
        if fromHeader {
            let expression = header["subscription"]?.text ?? "*"
            return MessageFilter.make(expression, type: header["expressionType"]?.text ?? "TAG")
        }
        guard let known = clients.groups[group] else {
            return .failure(
                Refusal(ResponseCode.subscriptionNotExist, "the consumer's group info not exist: \(group)"))
        }
        guard let subscription = known.subscriptions[topic] else {
            return .failure(
                Refusal(
                    ResponseCode.subscriptionNotExist, "the consumer group \(group) does not subscribe \(topic)"))
        }
        if let version = header["subVersion"]?.integer, version > subscription.subscription.version {
            return .failure(
                Refusal(ResponseCode.subscriptionNotLatest, "the consumer's subscription is newer than its heartbeat"))
        }
        return .success(subscription.filter)
    }

    /// What can be read without waiting for the disk is read on the loop, the rest elsewhere.
    private func answer(_ asked: PullAsked, _ response: Response) {
        guard loop.inEventLoop else { return inbox.add(.work { [self] in answer(asked, response) }) }
        guard case .pulled(let answer) = response else {
            let error =
                if case .failed(let error) = response { error } else { APIError(.failed, "no answer to a pull") }
            return asked.fail(error)
        }
        guard answer.status == .found, let units = answer.units, let reader = answer.reader else {
            return asked.send(answer, records: nil, next: answer.next)
        }
        // One that asks for a thousand queues at once and is slow to take them gets them one after another.
        if asked.connection.isBehind { return asked.connection.postpone { [self] in self.answer(asked, response) } }
        self.reader = reader
        // Most is in the page cache still, and needs no thread that may wait for the disk.
        let found = try? asked.read(units, reader, answer, cachedAt: now)
        if let job = reader.takeMapJob(now: now) { ReadingThread.shared.run { job.run() } }
        if let found { return send(asked, answer, found.records, next: found.next) }
        asked.connection.readBegan()
        ReadingThread.shared.run { [self] in
            let result: Result<(records: Fetch, next: Int64)?, DiskError>
            do throws(DiskError) {
                result = .success(try asked.read(units, reader, answer, cachedAt: nil))
            } catch {
                result = .failure(error)
            }
            inbox.add(
                .work { [self] in
                    switch result {
                    case .success(let found?): send(asked, answer, found.records, next: found.next)
                    case .success(nil): asked.fail(APIError(.failed, "the records cannot be read"))
                    case .failure(let error): asked.fail(APIError(.failed, "\(error)"))
                    }
                    asked.connection.readEnded()
                })
        }
    }

    /// Sends what was read. A pull that waits is not woken by messages that do not pass.
    private func send(_ asked: PullAsked, _ answer: PullAnswer, _ records: Fetch, next: Int64) {
        guard records.count == 0, answer.isWoken, let further = asked.further(from: next) else {
            return asked.send(answer, records: records, next: next)
        }
        host.submit(.pull(further)) { [self] response in self.answer(asked, response) }
    }
}

/// A pull on its way through the threads; a class, since much hangs on it and it is handed on often.
final class PullAsked: Sendable {
    let connection: RemotingConnection
    let opaque: Int32
    let type: HeaderType
    let filter: MessageFilter
    let messages: Int
    let request: PullRequest
    /// Epoch ms until which it may wait for a message that passes.
    let deadline: Int64

    init(
        connection: RemotingConnection, opaque: Int32, type: HeaderType, filter: MessageFilter, messages: Int,
        request: PullRequest, deadline: Int64
    ) {
        self.connection = connection
        self.opaque = opaque
        self.type = type
        self.filter = filter
        self.messages = messages
        self.request = request
        self.deadline = deadline
    }

    /// The pull that goes on waiting where nothing passed so far; nil when its time is over.
    func further(from offset: Int64) -> PullRequest? {
        let left = deadline - sluice_wall_milliseconds()
        guard left > 0, offset > request.offset else { return nil }
        var further = request
        further.offset = offset
        further.wait = left
        return further
    }

    /// The records that pass, and where the next pull begins. Blocks for the disk; with a time (epoch ms) it is nil where
    /// it would have to.
    func read(
        _ source: UnitSource, _ reader: LogReader, _ answer: PullAnswer, cachedAt now: Int64?
    ) throws(DiskError) -> (records: Fetch, next: Int64)? {
        guard let all = now != nil ? try source.loadCached() : try source.load() else { return nil }
        guard let last = all.last else { return (Fetch.empty, source.first) }
        let messages = min(messages, answer.most ?? messages)
        var wanted = all
        if !filter.passesAll {
            wanted = all.filter { filter.tags.mayPass(code: $0.unit.tagCode) }
            if filter.sql == nil, wanted.count > messages { wanted.removeLast(wanted.count - messages) }
        }
        guard let lastWanted = wanted.last else { return (Fetch.empty, last.offset + 1) }
        let bytes = Service.maxPullBytes
        let read: Fetch?
        if let now {
            read = try reader.fetchCached(wanted[...], maxBytes: bytes, now: now)
        } else {
            read = try reader.fetch(wanted[...], maxBytes: bytes)
        }
        guard let fetch = read else { return nil }
        // All units behind the last one that was wanted were looked at too, unless the answer is full.
        var next = fetch.next
        if next > lastWanted.offset, wanted.count < messages || filter.sql != nil { next = last.offset + 1 }
        if let sql = filter.sql {
            let kept = fetch.filtered(limit: messages) { view in sql.matches(view) }
            if let stopped = kept.stoppedAt { next = stopped }
        }
        answer.count(fetch)
        return (fetch, next)
    }

    /// On the event loop.
    func send(_ answer: PullAnswer, records: Fetch?, next: Int64) {
        let (code, remark): (Int32, StaticString)
        switch answer.status {
        case .found where (records?.count ?? 0) > 0: (code, remark) = (ResponseCode.success, "FOUND")
        case .found: (code, remark) = (ResponseCode.pullRetryImmediately, "NO_MATCHED_MESSAGE")
        // It waited in vain for one that passes: what was looked at is not looked at again (observed).
        case .noNewMessage where next > request.offset:
            (code, remark) = (ResponseCode.pullRetryImmediately, "NO_MATCHED_MESSAGE")
        case .noNewMessage: (code, remark) = (ResponseCode.pullNotFound, "OFFSET_OVERFLOW_ONE")
        case .offsetMoved where next < answer.maxOffset || answer.minOffset == next:
            (code, remark) = (ResponseCode.pullOffsetMoved, "OFFSET_TOO_SMALL")
        case .offsetMoved: (code, remark) = (ResponseCode.pullOffsetMoved, "OFFSET_OVERFLOW_BADLY")
        }
        let frame = Frame(
            code: code, flag: FrameFlag.response, opaque: opaque, remark: remark.description,
            fields: [
                .init("maxOffset", String(answer.maxOffset)), .init("minOffset", String(answer.minOffset)),
                .init("nextBeginOffset", String(next)), .init("suggestWhichBrokerId", "0"),
            ], type: type)
        guard let records, records.count > 0 else { return connection.send(frame) }
        var header: [UInt8] = []
        frame.encodeHeader(into: &header, bodyBytes: records.byteCount)
        records.withBytes { connection.send(header: header, body: $0) }
    }

    func fail(_ error: APIError) {
        connection.send(
            Frame(
                code: ResponseCode.of(error), flag: FrameFlag.response, opaque: opaque, remark: error.message,
                fields: [], type: type))
    }
}
