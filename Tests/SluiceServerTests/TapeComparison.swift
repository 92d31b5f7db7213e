import SluiceMessage
import SluiceRemoting

/// What a body holds, as far as its bytes tell.
enum TapeBody {
    case none
    case json(JSONValue)
    case messages([StoredMessage])
    case text(String)

    init(_ bytes: [UInt8]) {
        if bytes.isEmpty {
            self = .none
        } else if let messages = Self.messages(bytes) {
            self = .messages(messages)
        } else if let first = bytes.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            let value = try? JSONParser.parse(bytes)
        {
            self = .json(value)
        } else {
            self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Records laid back to back; nil when the bytes are anything else.
    private static func messages(_ bytes: [UInt8]) -> [StoredMessage]? {
        bytes.withUnsafeBytes { raw in
            var found: [StoredMessage] = []
            var at = 0
            while at < raw.count {
                guard let view = RecordView(UnsafeRawBufferPointer(rebasing: raw[at...])) else { return nil }
                found.append(view.message())
                at += view.size
            }
            return found
        }
    }

    var messages: [StoredMessage] {
        if case .messages(let messages) = self { return messages }
        return []
    }

    var json: JSONValue? {
        if case .json(let value) = self { return value }
        return nil
    }

    fileprivate var kind: String {
        switch self {
        case .none: "none"
        case .json: "JSON"
        case .messages: "messages"
        case .text: "text"
        }
    }
}

/// Compares a frame of ours in its form with the one recorded: code, names of fields, and what is in the body.
struct TapeComparison {
    let recorded: Frame
    let ours: Frame
    /// Code of the request; of a request from the server its own.
    let code: Int32

    var differences: [String] {
        let isAnswer = recorded.isResponse
        guard recorded.code == ours.code else { return ["code \(recorded.code) → \(ours.code)"] }
        var found = isAnswer || recorded.flag == ours.flag ? [] : ["flag \(recorded.flag) → \(ours.flag)"]
        let mine = Set((ours.fields ?? []).map(\.name))
        let its = Set((recorded.fields ?? []).map(\.name))
        found += its.subtracting(mine).sorted().map { "field missing: \($0)" }
        found += mine.subtracting(its).sorted().map { "field extra: \($0)" }
        return found + bodies(TapeBody(recorded.body), TapeBody(ours.body))
    }

    private func bodies(_ recorded: TapeBody, _ ours: TapeBody) -> [String] {
        switch (recorded, ours) {
        case (.none, .none): return []
        case (.json(let its), .json(let mine)) where code == RequestCode.getBrokerRuntimeInfo:
            return runtimeInfo(its, mine)
        case (.json(let its), .json(let mine)): return TapeShape(its).differences(to: TapeShape(mine))
        case (.messages(let its), .messages(let mine)): return messages(its, mine)
        case (.text(let its), .text(let mine)) where Self.configurations.contains(code): return properties(its, mine)
        case (.text(let its), .text(let mine)): return its == mine ? [] : ["body text"]
        default: return ["body \(recorded.kind) → \(ours.kind)"]
        }
    }

    /// There the names of the table are what tools look for. More of them do no harm; some depend on the machine.
    private func runtimeInfo(_ recorded: JSONValue, _ ours: JSONValue) -> [String] {
        let changing = ["scheduleMessageOffset_", "commitLogDiskRatio_", "remainHowManyDataToCommit"]
        let names = recorded["table"]?.pairs.compactMap(\.key.text) ?? []
        return names.filter { name in
            ours["table"]?[name]?.text == nil && !changing.contains { name.hasPrefix($0) }
        }.sorted().map { "body missing: table.\($0)" }
    }

    private static let configurations = [RequestCode.getBrokerConfig, RequestCode.getNameServerConfig]

    /// A configuration: fewer names are no difference, since most of RocketMQ's are about its inside.
    private func properties(_ recorded: String, _ ours: String) -> [String] {
        let lines = ours.split(separator: "\n")
        let wrong = lines.filter { !$0.contains("=") }
        let known = Set(recorded.split(separator: "\n").map { $0.prefix { $0 != "=" } })
        let common = lines.filter { known.contains($0.prefix { $0 != "=" }) }
        return wrong.map { "body line: \($0)" } + (common.isEmpty ? ["body: no name in common"] : [])
    }

    private func messages(_ recorded: [StoredMessage], _ ours: [StoredMessage]) -> [String] {
        guard recorded.count == ours.count else { return ["messages \(recorded.count) → \(ours.count)"] }
        return zip(recorded, ours).flatMap { its, mine in message(its, mine) }
    }

    /// Everything that does not depend on clocks, logs and ports.
    private func message(_ its: StoredMessage, _ mine: StoredMessage) -> [String] {
        var found: [String] = []
        func check(_ name: String, _ isSame: Bool) { if !isSame { found.append("message \(name)") } }
        check("topic", its.topic == mine.topic)
        check("queue", its.queue == mine.queue)
        // The half topic's own offsets come with a transaction that is asked about.
        check("offset", its.queueOffset == mine.queueOffset || code == RequestCode.checkTransactionState)
        check("system flag", its.systemFlag == mine.systemFlag)
        check("flag", its.flag == mine.flag)
        check("reconsume times", its.reconsumeTimes == mine.reconsumeTimes)
        check("prepared offset", (its.preparedTransactionOffset == 0) == (mine.preparedTransactionOffset == 0))
        check("body", its.body == mine.body)
        let recorded = Set(its.properties.map(\.name))
        let ours = Set(mine.properties.map(\.name))
        found += recorded.subtracting(ours).sorted().map { "property missing: \($0)" }
        found += ours.subtracting(recorded).sorted().map { "property extra: \($0)" }
        return found
    }
}
