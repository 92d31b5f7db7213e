import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage

extension BrokerHarness {
    public struct Pulled {
        public var status: PullAnswer.Status
        public var messages: [StoredMessage]
        public var next: Int64
        /// Queue offsets of records that were left out because they are damaged.
        public var damaged: [Int64]
        public var texts: [String] { messages.map { String(decoding: $0.body, as: UTF8.self) } }
    }

    public static func read(_ answer: PullAnswer) throws -> Pulled {
        guard let source = answer.units, let reader = answer.reader else {
            return Pulled(status: answer.status, messages: [], next: answer.next, damaged: [])
        }
        let all = try source.load()
        let (units, end) = answer.wanted(all)
        let fetch = try reader.fetch(units, maxBytes: 64 << 20)
        let messages = fetch.messages().filter { answer.filter.passes($0.tag) }
        answer.count(fetch, passed: messages.count)
        // Units of what is not written yet do not count.
        let next = answer.most == nil ? all.last.map { $0.offset + 1 } ?? answer.next : end
        return Pulled(status: answer.status, messages: messages, next: next, damaged: fetch.damaged)
    }

    public func pull(
        _ topic: String, queue: Int = 0, from offset: Int64 = 0, limit: Int = 1_024, filter: String = "*",
        group: String = "readers"
    ) throws -> Pulled {
        let response = try ask(
            .pull(
                PullRequest(
                    group: group, queue: QueueID(topic, queue), offset: offset, limit: limit,
                    filter: TagFilter(filter))))
        guard case .pulled(let answer) = response else { throw APIError(.failed, "not the answer to a pull") }
        return try Self.read(answer)
    }

    /// The bodies in a queue as text.
    public func texts(_ topic: String, queue: Int = 0, group: String = "readers") throws -> [String] {
        try pull(topic, queue: queue, group: group).texts
    }

    public func commit(_ group: String, _ topic: String, queue: Int = 0, _ offset: Int64) throws {
        try ask(.commit([OffsetCommit(group: group, queue: QueueID(topic, queue), offset: offset)]))
    }

    public func committed(_ group: String, _ topic: String, queue: Int = 0) throws -> Int64? {
        guard case .committed(let offsets) = try ask(.committed(group: group, queues: [QueueID(topic, queue)])) else {
            throw APIError(.failed, "not the answer to a question for offsets")
        }
        return offsets.first ?? nil
    }

    public func group(_ name: String) throws -> GroupStatus {
        guard case .group(let status) = try ask(.group(name)) else { throw APIError(.failed, "not a group's status") }
        return status
    }

    public func status() throws -> BrokerStatus {
        guard case .broker(let status) = try ask(.broker) else { throw APIError(.failed, "not a broker's status") }
        return status
    }

    public func halves() throws -> HalfPage {
        guard case .halves(let page) = try ask(.halves(skip: 0, limit: 1_000)) else {
            throw APIError(.failed, "not a page of halves")
        }
        return page
    }

    public func delays(_ query: DelayQuery = DelayQuery()) throws -> DelayPage {
        guard case .delays(let page) = try ask(.delays(query)) else { throw APIError(.failed, "not a page of delays") }
        return page
    }
}
