import SluiceMessage

/// What clients that trace their messages have said of one, read from the records of RocketMQ's trace topic.
///
/// A record's fields are parted by `\u{1}`, records by `\u{2}` (semantics of RocketMQ 4.9, message trace).
struct MessageTrace: Sendable, Equatable {
    static let topic = "RMQ_SYS_TRACE_TOPIC"
    /// Trace messages that are read of one message.
    static let mostMessages = 32

    enum Step: Sendable, Equatable {
        /// Epoch ms, the producer group, how long sending took in ms, and whether it went well.
        case sent(time: Int64, group: String, cost: Int64, isDone: Bool)
        /// A consumer has it; each try has an id of its own.
        case taken(time: Int64, group: String, retries: Int)
        /// It is through with it.
        case consumed(time: Int64?, group: String, cost: Int64, isDone: Bool)
        /// Its transaction was ended; as RocketMQ writes it: `COMMIT_MESSAGE`, `ROLLBACK_MESSAGE`, `UNKNOW`.
        case ended(time: Int64, group: String, state: String, isCheck: Bool)

        var time: Int64? {
            switch self {
            case .sent(let time, _, _, _), .taken(let time, _, _), .ended(let time, _, _, _): time
            case .consumed(let time, _, _, _): time
            }
        }
    }
    /// In the order of their times.
    var steps: [Step] = []
    /// Records that could not be read.
    var damaged = 0

    /// Reads the records of a message out of bodies of the trace topic.
    init(of id: String, bodies: [[UInt8]]) {
        // A try's end names its group only in newer clients: its beginning does.
        var groups: [String: (group: String, time: Int64)] = [:]
        let records = bodies.flatMap { body in
            body.split(separator: 2).map { record in
                record.split(separator: 1, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        for fields in records where fields.first == "SubBefore" && fields.count >= 6 {
            if let time = Int64(fields[1]), fields[5] == id { groups[fields[4]] = (fields[3], time) }
        }
        for fields in records {
            guard fields.contains(id) else { continue }
            if let step = Self.step(fields, id, groups) { steps.append(step) } else { damaged += 1 }
        }
        steps.sort { ($0.time ?? .max) < ($1.time ?? .max) }
    }

    private static func step(
        _ fields: [String], _ id: String, _ groups: [String: (group: String, time: Int64)]
    ) -> Step? {
        func number(_ index: Int) -> Int64? { fields.indices.contains(index) ? Int64(fields[index]) : nil }
        switch fields.first {
        case "Pub":
            guard fields.count >= 12, fields[5] == id, let time = number(1), let cost = number(10) else { return nil }
            return .sent(time: time, group: fields[3], cost: cost, isDone: fields.last != "false")
        case "SubBefore":
            guard fields.count >= 7, fields[5] == id, let time = number(1) else { return nil }
            return .taken(time: time, group: fields[3], retries: Int(clamping: number(6) ?? 0))
        case "SubAfter":
            guard fields.count >= 5, fields[2] == id, let cost = number(3) else { return nil }
            let begun = groups[fields[1]]
            let group = fields.count > 8 ? fields[8] : begun?.group ?? Format.unknown
            let end = number(7) ?? begun.map { $0.time.addingReportingOverflow(max(0, cost)).partialValue }
            return .consumed(time: end, group: group, cost: cost, isDone: fields[4] == "true")
        case "EndTransaction":
            guard fields.count >= 13, fields[5] == id, let time = number(1) else { return nil }
            return .ended(time: time, group: fields[3], state: fields[11], isCheck: fields[12] == "true")
        default: return nil
        }
    }
}
