import SluiceAPI
import SluiceCluster
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import SluiceTapes
import Synchronization

/// Recorded brokers in place of a network: a request is answered as the tape's broker answered the same one. What a tape
/// shows behind an END_TRANSACTION comes after one was sent.
final class TapeCalls: ClusterCalls {
    private struct Exchange {
        var peer: String
        var request: Frame
        var answer: Frame?
        /// Ends of transactions on the tape before it.
        var phase: Int
    }
    private let exchanges: [Exchange]
    private let nodes: [ClusterBroker]
    private let phase = Mutex(0)
    private let sent = Mutex<[Frame]>([])
    /// Requests that no tape has an answer to.
    private let unknown = Mutex<[String]>([])
    /// Brokers that do not answer.
    private let silent = Mutex<Set<String>>([])

    /// - Parameter tapes: by name, as `4.9.8/state-raw-overview`. Ends of transactions count in all of them together.
    init(_ tapes: [String], kind: BrokerKind) throws {
        var exchanges: [Exchange] = []
        for tape in tapes {
            let frames = try Tape(tape).frames()
            var phase = 0
            for taped in frames where taped.isRequest && taped.isFromClient {
                let answer = taped.partner.map { frames[$0].frame }
                exchanges.append(Exchange(peer: taped.peer, request: taped.frame, answer: answer, phase: phase))
                if taped.frame.code == RequestCode.endTransaction { phase += 1 }
            }
        }
        self.exchanges = exchanges
        nodes = [("broker-a", 30_911), ("broker-b", 31_911)].enumerated().map { index, broker in
            ClusterBroker(
                index: index, name: broker.0, cluster: "DefaultCluster", address: "127.0.0.1:\(broker.1)", kind: kind)
        }
    }

    /// Requests sent so far, of one code.
    func requests(_ code: Int32) -> [Frame] { sent.withLock { $0.filter { $0.code == code } } }
    var unanswered: [String] { unknown.withLock { $0 } }
    func silence(_ broker: String) { _ = silent.withLock { $0.insert(broker) } }

    func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker] { nodes }

    func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
        try answer(request, "namesrv")
    }

    func call(_ broker: ClusterBroker, _ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
        if silent.withLock({ $0.contains(broker.name) }) {
            throw APIError(.unreachable, "\(broker.address) does not answer")
        }
        return try answer(request, broker.name)
    }

    private func answer(_ request: Frame, _ peer: String) throws(APIError) -> Frame {
        sent.withLock { $0.append(request) }
        let now = phase.withLock { $0 }
        let known = exchanges.filter { $0.peer == peer && $0.request.code == request.code }
        if request.code == RequestCode.endTransaction {
            return try end(request, known.filter { $0.phase == now })
        }
        let same = known.filter { Self.key($0.request) == Self.key(request) && $0.answer != nil }
        // Of this phase, or of the last one before it in which it was asked.
        if let found = same.first(where: { $0.phase == now }) ?? same.last(where: { $0.phase < now }) ?? same.first,
            let answer = found.answer
        {
            return answer
        }
        if let part = part(of: request, known, now) ?? units(of: request, known, now) { return part }
        if request.code == RequestCode.queryMessage { return Frame(code: ResponseCode.queryNotFound, flag: 1) }
        if request.code == RequestCode.getBrokerConfig { return Frame(code: 0, flag: 1) }
        // A queue that a broker does not have ends at 0 (requests, 4).
        if [RequestCode.getMaxOffset, RequestCode.getMinOffset].contains(request.code) {
            return Frame(code: 0, flag: 1, fields: [Frame.Field("offset", "0")])
        }
        // Nor does it let be pulled what has no configuration (observed).
        if request.code == RequestCode.pullMessage {
            return Frame(code: ResponseCode.topicNotExist, flag: 1, remark: "not exist, apply first please!")
        }
        unknown.withLock { $0.append("\(peer) \(Self.key(request))") }
        return Frame(
            code: ResponseCode.systemError, flag: 1, remark: "the tape has no answer to \(Self.key(request))")
    }

    private func end(_ request: Frame, _ known: [Exchange]) throws(APIError) -> Frame {
        let names = ["producerGroup", "tranStateTableOffset", "commitLogOffset", "commitOrRollback"]
        guard known.contains(where: { taped in names.allSatisfy { taped.request[$0] == request[$0] } }) else {
            return Frame(
                code: ResponseCode.systemError, flag: 1, remark: "no such end on the tape: \(Self.key(request))")
        }
        phase.withLock { $0 += 1 }
        return Frame(code: 0, flag: 1)
    }

    /// The end of what a pull of the same queue from an earlier offset brought.
    private func part(of request: Frame, _ known: [Exchange], _ now: Int) -> Frame? {
        guard request.code == RequestCode.pullMessage, let from = request.integer("queueOffset") else { return nil }
        let pulls = known.filter { taped in
            taped.request["topic"] == request["topic"] && taped.request["queueId"] == request["queueId"]
                && taped.phase <= now && (taped.answer?.code == 0)
                && (taped.request.integer("queueOffset") ?? .max) <= from
        }
        guard var answer = pulls.max(by: { $0.phase < $1.phase })?.answer, let end = answer.integer("nextBeginOffset"),
            from <= end
        else { return nil }
        let rest = answer.body.withUnsafeBytes { raw in
            var bytes: [UInt8] = []
            Fetch(raw, next: 0).eachRecord { if $0.queueOffset >= from { bytes += Array($0.bytes) } }
            return bytes
        }
        answer.body = rest
        if rest.isEmpty { answer.code = ResponseCode.pullNotFound }
        return answer
    }

    /// The end of the units that were asked for from an earlier one on.
    private func units(of request: Frame, _ known: [Exchange], _ now: Int) -> Frame? {
        guard request.code == RequestCode.queryConsumeQueue, let from = request.integer("index") else { return nil }
        let asked = known.filter { taped in
            taped.request["topic"] == request["topic"] && taped.request["queueId"] == request["queueId"]
                && taped.phase <= now && (taped.request.integer("index") ?? .max) <= from
        }
        guard let last = asked.max(by: { $0.phase < $1.phase }), var answer = last.answer,
            let start = last.request.integer("index"), let value = try? answer.json()
        else { return nil }
        let pairs = value.pairs.map { pair in
            pair.key == "queueData"
                ? JSONValue.Pair(pair.key, .array(Array(pair.value.items.dropFirst(Int(from - start))))) : pair
        }
        answer.body = JSONValue.object(pairs).encoded()
        return answer
    }

    /// Code and the fields that decide what is asked for.
    private static func key(_ request: Frame) -> String {
        let names = ["topic", "queueId", "queueOffset", "index", "offset", "consumerGroup", "producerGroup", "key"]
        let skipped: Set<String> = request.code == RequestCode.queryConsumeQueue ? ["consumerGroup"] : []
        let fields = names.filter { !skipped.contains($0) }.compactMap { name in request[name].map { "\(name)=\($0)" } }
        return "\(request.code) \(fields.joined(separator: " "))"
    }
}
