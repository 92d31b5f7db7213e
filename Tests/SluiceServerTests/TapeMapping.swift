import SluiceMessage
import SluiceRemoting
import SluiceTapes

/// What the places and times of a tape are in this run. Used by one thread.
final class TapeMapping {
    private struct Place: Hashable {
        var broker: String
        var physicalOffset: Int64
    }

    struct Half {
        var physicalOffset: Int64
        var queueOffset: Int64
        /// Its offset in the half topic on the tape.
        var recordedQueueOffset: Int64
    }

    private var physical: [Place: Int64] = [:]
    private var halves: [Place: Half] = [:]
    /// Ports here by those on the tape.
    private let ports: [Int: Int]
    /// By recorded port, whose broker it is.
    private let brokers: [Int: String]

    /// - Parameter ports: here, by the peer's name.
    init(_ tape: Tape, ports: [String: Int]) {
        self.ports = Dictionary(
            tape.meta.ports.compactMap { name, recorded in ports[name].map { (recorded, $0) } }
        ) { mine, _ in mine }
        brokers = Dictionary(tape.meta.ports.map { ($0.value, $0.key) }) { mine, _ in mine }
    }

    func add(_ broker: String, _ recorded: Int64, _ ours: Int64) {
        physical[Place(broker: broker, physicalOffset: recorded)] = ours
    }

    // MARK: Requests

    /// The request with places and times of this run.
    /// - Parameters:
    ///   - shift: milliseconds between the beginning of the tape and that of the run.
    ///   - distance: milliseconds between the request on the tape and now.
    func request(_ taped: TapedFrame, shift: Int64, distance: Int64) -> Frame {
        var frame = taped.frame
        let broker = String(taped.peer.prefix(8))
        for index in (frame.fields ?? []).indices {
            guard let field = frame.fields?[index] else { continue }
            frame.fields?[index].value = value(of: field, frame.code, broker, shift, distance)
        }
        return frame.code == RequestCode.endTransaction ? end(frame, broker) : frame
    }

    private func value(
        of field: Frame.Field, _ code: Int32, _ broker: String, _ shift: Int64, _ distance: Int64
    ) -> String {
        switch field.name {
        case "offset" where code == RequestCode.viewMessageByID || code == RequestCode.consumerSendMessageBack:
            guard let recorded = Int64(field.value) else { return field.value }
            return String(physical[Place(broker: broker, physicalOffset: recorded)] ?? recorded)
        case "msgId", "originMsgId": return id(field.value) ?? field.value
        case "beginTimestamp", "endTimestamp", "timestamp":
            guard let time = Int64(field.value), (1_000_000_000_000..<10_000_000_000_000).contains(time) else {
                return field.value
            }
            return String(time + shift)
        case "i", "properties": return due(field.value, distance)
        default: return field.value
        }
    }

    /// An offset message id of this run; nil when the text is none of the tape's.
    private func id(_ text: String) -> String? {
        guard text.hasPrefix("7F000001"), let recorded = OffsetID.physicalOffset(text),
            let port = Int(text.dropFirst(8).prefix(8), radix: 16), let broker = brokers[port], let ours = ports[port]
        else { return nil }
        let offset = physical[Place(broker: broker, physicalOffset: recorded)] ?? recorded
        return OffsetID.text(storeHost: "127.0.0.1:\(ours)", physicalOffset: offset)
    }

    /// A message that is due at a moment of the tape is due at the same distance from now.
    private func due(_ properties: String, _ distance: Int64) -> String {
        guard properties.contains("TIMER_DELIVER_MS") else { return properties }
        let moved = Array(properties.utf8).withUnsafeBytes { PropertyCoding.decode($0) }.map { property in
            guard property.name == "TIMER_DELIVER_MS", let time = Int64(property.value) else { return property }
            return Property(property.name, String(time + distance))
        }
        return String(decoding: PropertyCoding.encode(moved), as: UTF8.self)
    }

    private func end(_ frame: Frame, _ broker: String) -> Frame {
        guard let offset = frame.integer("commitLogOffset"),
            let half = halves[Place(broker: broker, physicalOffset: offset)]
        else { return frame }
        var frame = frame
        for index in (frame.fields ?? []).indices {
            switch frame.fields?[index].name {
            case "commitLogOffset": frame.fields?[index].value = String(half.physicalOffset)
            case "tranStateTableOffset" where frame.integer("tranStateTableOffset") == half.recordedQueueOffset:
                frame.fields?[index].value = String(half.queueOffset)
            default: break
            }
        }
        return frame
    }

    // MARK: Answers

    /// Pairs what a recorded frame of a broker names with what ours does.
    func learn(_ recorded: Frame, _ ours: Frame, request: Frame, from peer: String) {
        let broker = String(peer.prefix(8))
        pairIDs(recorded, ours, request, broker)
        switch (TapeBody(recorded.body), TapeBody(ours.body)) {
        case (.messages(let its), .messages(let mine)):
            for message in its {
                let twin =
                    mine.first { $0.topic == message.topic && $0.id == message.id }
                    ?? mine.first { $0.topic == message.topic && $0.queueOffset == message.queueOffset }
                guard let twin else { continue }
                add(broker, message.physicalOffset, twin.physicalOffset)
                if message.topic == TopicName.half { add(broker, message, twin) }
            }
        case (.json(let its), .json(let mine)) where request.code == RequestCode.queryConsumeQueue:
            for (its, mine) in zip(its["queueData"]?.items ?? [], mine["queueData"]?.items ?? []) {
                guard let recorded = its["physicOffset"]?.integer, let ours = mine["physicOffset"]?.integer else {
                    continue
                }
                add(broker, recorded, ours)
            }
        default: break
        }
        if recorded.code == RequestCode.checkTransactionState, let its = recorded.integer("commitLogOffset"),
            let mine = ours.integer("commitLogOffset"), let queue = ours.integer("tranStateTableOffset")
        {
            halves[Place(broker: broker, physicalOffset: its)] = Half(
                physicalOffset: mine, queueOffset: queue,
                recordedQueueOffset: recorded.integer("tranStateTableOffset") ?? 0)
        }
    }

    private func pairIDs(_ recorded: Frame, _ ours: Frame, _ request: Frame, _ broker: String) {
        // A unique key looks like an offset id, but for the address.
        guard let its = recorded["msgId"], its.hasPrefix("7F000001"), let mine = ours["msgId"] else { return }
        for (its, mine) in zip(its.split(separator: ","), mine.split(separator: ",")) {
            guard let its = OffsetID.physicalOffset(String(its)), let mine = OffsetID.physicalOffset(String(mine))
            else {
                continue
            }
            add(broker, its, mine)
            guard request["i"]?.contains("TRAN_MSG\u{1}true") == true, let queue = ours.integer("queueOffset") else {
                continue
            }
            halves[Place(broker: broker, physicalOffset: its)] = Half(
                physicalOffset: mine, queueOffset: queue, recordedQueueOffset: recorded.integer("queueOffset") ?? 0)
        }
    }

    private func add(_ broker: String, _ recorded: StoredMessage, _ ours: StoredMessage) {
        halves[Place(broker: broker, physicalOffset: recorded.physicalOffset)] = Half(
            physicalOffset: ours.physicalOffset, queueOffset: ours.queueOffset,
            recordedQueueOffset: recorded.queueOffset)
    }
}
