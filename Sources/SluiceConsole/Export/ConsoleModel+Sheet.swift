import SluiceAPI
import SluiceMessage

// MARK: What is shown, as a table
extension ConsoleModel {
    /// The list in front, filtered and sorted as it is on the screen; nil where there is none.
    public var sheet: Sheet? {
        switch place {
        case .overview:
            // A table is data: it reads the same whatever the console speaks.
            let urgent = Language.$current.withValue(.english) { attention }
            return Sheet(
                title: "needs a hand", columns: ["urgent", "text"],
                rows: urgent.map { [.text($0.isUrgent ? "urgent" : "soon"), .text($0.text)] })
        case .topics: return topicSheet
        case .groups: return groupSheet
        case .topic(let name): return topicDetailSheet(name)
        case .group(let name): return groupDetailSheet(name)
        case .messages(let id): return messageSheet(id)
        case .message(let id, let offset):
            let message = data.message[MessageID(queue: id, offset: offset)]?.value ?? nil
            return message.map { Self.sheet(of: [$0], title: "message \(id.topic) \(id.queue) \(offset)") }
        case .delays: return delaySheet
        case .transactions: return halfSheet
        default: return nil
        }
    }

    private func picked<Item>(_ items: [Item]) -> [Item] {
        rows.compactMap { items.indices.contains($0.index) ? items[$0.index] : nil }
    }

    private var topicSheet: Sheet {
        Sheet(
            title: "topics",
            columns: ["topic", "kind", "queues", "in_per_s", "out_per_s", "depth", "groups", "last_message_ms"],
            rows: picked(data.topics.value ?? []).map { topic in
                let name = topic.config.name
                return [
                    .text(name), .text(topic.kind.rawValue), .number(Int64(topic.config.readQueues)),
                    Sheet.Value(rate: data.published[name]?.rate), Sheet.Value(rate: data.delivered[name]?.rate),
                    .number(topic.depth), .number(Int64(topic.groups)), Sheet.Value(time: topic.lastStored),
                ]
            })
    }

    private var groupSheet: Sheet {
        Sheet(
            title: "groups",
            columns: [
                "group", "model", "clients", "lag", "behind_ms", "out_per_s", "state", "drains_ms", "dead_letters",
                "topics",
            ],
            rows: picked(data.groups.value ?? []).map { group in
                [
                    .text(group.config.name), .text(group.model.rawValue), .number(Int64(group.clients)),
                    Sheet.Value(group.lag), Sheet.Value(age: group.lag == nil ? nil : group.behind),
                    Sheet.Value(rate: group.lag == nil ? nil : data.committed[group.config.name]?.shownRate),
                    stateWord(group), Sheet.Value(age: groupDrain(group).map { Int64($0 * 1000) }),
                    .number(group.deadLetters), .text(group.topics.joined(separator: " ")),
                ]
            })
    }

    private func stateWord(_ group: GroupSummary) -> Sheet.Value {
        guard group.lag != nil else { return .text("broadcast") }
        if !group.config.consumeEnabled { return .text("shut off") }
        if group.lag == 0 { return .text("level") }
        return groupState(group).map { .text($0.rawValue) } ?? .unknown
    }

    private func topicDetailSheet(_ name: String) -> Sheet? {
        guard let status = data.topic[name]?.value else { return nil }
        return Sheet(
            title: "topic \(name)",
            columns: ["queue", "min_offset", "max_offset", "depth", "first_message_ms", "last_message_ms"],
            rows: status.queues.map { queue in
                [
                    .number(Int64(queue.queue)), .number(queue.minOffset), .number(queue.maxOffset),
                    .number(queue.depth), Sheet.Value(time: queue.firstStored), Sheet.Value(time: queue.lastStored),
                ]
            })
    }

    private func groupDetailSheet(_ name: String) -> Sheet? {
        guard let status = data.group[name]?.value else { return nil }
        return Sheet(
            title: "group \(name)",
            columns: [
                "topic", "queue", "min_offset", "max_offset", "offset", "lag", "behind_ms", "client", "last_moved_ms",
            ],
            rows: picked(status.queues).map { queue in
                [
                    .text(queue.id.topic), .number(Int64(queue.id.queue)), .number(queue.minOffset),
                    .number(queue.maxOffset), Sheet.Value(queue.offset), .number(queue.lag),
                    Sheet.Value(age: queue.behind),
                    .text(queue.client ?? ""), Sheet.Value(time: queue.lastMoved),
                ]
            })
    }

    private func messageSheet(_ id: QueueID) -> Sheet {
        // What is marked is what is meant, on whatever page it was marked.
        let marked = markedMessages.filter { $0.key.queue == id }.values.sorted { $0.queueOffset < $1.queueOffset }
        let shown = marked.isEmpty ? picked(data.pages[id]?.value?.messages ?? []) : marked
        var sheet = Self.sheet(of: shown, title: "messages \(id.topic) \(id.queue)")
        let depth = queueStatus(id).map { Int(clamping: $0.depth) } ?? shown.count
        if marked.isEmpty, list.filter == nil, depth > shown.count { sheet.truncatedOf = depth }
        return sheet
    }

    private static func sheet(of messages: [StoredMessage], title: String) -> Sheet {
        Sheet(
            title: title,
            columns: [
                "topic", "queue", "offset", "id", "tag", "keys", "stored_ms", "born_ms", "born_host", "retries",
                "body_bytes", "body", "body_encoding",
            ],
            rows: messages.map { message in
                let text = String(validating: message.body, as: UTF8.self)
                return [
                    .text(message.topic), .number(Int64(message.queue)), .number(message.queueOffset),
                    .text(message.id), Sheet.Value(text: message.tag), .text(message.keys.joined(separator: " ")),
                    Sheet.Value(time: message.storeTimestamp), Sheet.Value(time: message.bornTimestamp),
                    .text(message.bornHost), .number(Int64(message.reconsumeTimes)),
                    .number(Int64(message.body.count)), .text(text ?? hex(message.body)),
                    .text(text == nil ? "hex" : "utf8"),
                ]
            })
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private var delaySheet: Sheet {
        let page = data.delays.value
        let items = page?.items ?? []
        return Sheet(
            title: "delays",
            columns: ["id", "topic", "queue", "due_ms", "level", "stored_ms", "tag", "keys", "body_bytes", "retry"],
            rows: picked(items).map { delay in
                [
                    .text(delay.id), .text(delay.topic), .number(Int64(delay.queue)), .time(delay.due),
                    .number(Int64(delay.level)), Sheet.Value(time: delay.storeTimestamp), Sheet.Value(text: delay.tag),
                    .text(delay.keys.joined(separator: " ")), .number(Int64(delay.bodySize)),
                    .text(delay.isRetry ? "yes" : "no"),
                ]
            }, truncatedOf: page.flatMap { $0.total > items.count ? $0.total : nil })
    }

    private var halfSheet: Sheet {
        let page = data.halves.value
        let items = page?.items ?? []
        return Sheet(
            title: "transactions",
            columns: [
                "id", "topic", "queue", "stored_ms", "age_ms", "checks", "max_checks", "next_check_ms",
                "producer_group", "producers_online", "tag", "keys", "body_bytes", "body_peek",
            ],
            rows: picked(items).map { half in
                [
                    .text(half.id), .text(half.topic), .number(Int64(half.queue)), .time(half.storeTimestamp),
                    .age(max(0, now - half.storeTimestamp)), .number(Int64(half.checks)),
                    .number(Int64(half.maxChecks)), Sheet.Value(time: half.nextCheck), .text(half.producerGroup),
                    .number(Int64(half.producersOnline)), Sheet.Value(text: half.tag),
                    .text(half.keys.joined(separator: " ")), .number(Int64(half.bodySize)),
                    .text(String(decoding: half.bodyPeek, as: UTF8.self)),
                ]
            }, truncatedOf: page.flatMap { $0.total > items.count ? $0.total : nil })
    }
}
