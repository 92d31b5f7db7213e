import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// The answer to a send request, written without a value in between: there is one for every message.
struct SendAnswer {
    let batch: PublishBatch
    let waiting: ServedBatch.Waiting
    /// What the answer's recall handle names, where there is one.
    let brokerName: String

    func encode(into out: inout [UInt8]) {
        if first.due > 0, let key = batch.uniqueKey(waiting.first) { return recallable(key, &out) }
        let start = FrameWriter.begin(&out)
        switch waiting.type {
        case .json: json(&out)
        case .binary: binary(&out)
        }
        FrameWriter.endHeader(&out, start, waiting.type, bodyBytes: 0)
    }

    /// A message that waits for an exact time can be withdrawn by its handle (requests, 2).
    private func recallable(_ key: String, _ out: inout [UInt8]) {
        let handle = RecallHandle(
            topic: batch.topics[Int(first.topic)], brokerName: brokerName, due: first.due, uniqueKey: key)
        Frame(
            code: ResponseCode.success, flag: FrameFlag.response, opaque: waiting.opaque,
            fields: [
                .init("MSG_REGION", "DefaultRegion"), .init("TRACE_ON", "true"),
                .init("msgId", OffsetID.text(batch.storeHost, physicalOffset: first.physicalOffset)),
                .init("queueId", String(first.queue)), .init("queueOffset", String(first.queueOffset)),
                .init("recallHandle", handle.text),
            ], type: waiting.type
        ).encode(into: &out)
    }

    private var first: PublishBatch.Entry { batch.entries[waiting.first] }

    private func json(_ out: inout [UInt8]) {
        out.append(
            #"{"code":0,"extFields":{"MSG_REGION":"DefaultRegion","TRACE_ON":"true","msgId":""# as StaticString)
        ids(&out)
        out.append(#"","queueId":""# as StaticString)
        out.append(decimal: Int64(first.queue))
        out.append(#"","queueOffset":""# as StaticString)
        out.append(decimal: first.queueOffset)
        out.append(#""},"flag":1,"language":"OTHER","opaque":"# as StaticString)
        out.append(decimal: Int64(waiting.opaque))
        out.append(#","serializeTypeCurrentRPC":"JSON","version":409}"# as StaticString)
    }

    private func binary(_ out: inout [UInt8]) {
        FrameWriter.put(Int16(0), &out)
        out.append(Language.other.rawValue)
        FrameWriter.put(Int16(WireVersion.ours), &out)
        FrameWriter.put(waiting.opaque, &out)
        FrameWriter.put(FrameFlag.response, &out)
        FrameWriter.put(Int32(0), &out)
        var fields: [UInt8] = []
        Self.field("MSG_REGION", &fields) { $0.append("DefaultRegion" as StaticString) }
        Self.field("TRACE_ON", &fields) { $0.append("true" as StaticString) }
        Self.field("msgId", &fields) { ids(&$0) }
        Self.field("queueId", &fields) { $0.append(decimal: Int64(first.queue)) }
        Self.field("queueOffset", &fields) { $0.append(decimal: first.queueOffset) }
        FrameWriter.put(Int32(fields.count), &out)
        out.append(contentsOf: fields)
    }

    private static func field(_ name: StaticString, _ out: inout [UInt8], _ value: (inout [UInt8]) -> Void) {
        FrameWriter.put(Int16(name.utf8CodeUnitCount), &out)
        out.append(name)
        var bytes: [UInt8] = []
        value(&bytes)
        FrameWriter.put(Int32(bytes.count), &out)
        out.append(contentsOf: bytes)
    }

    /// Offset ids of all messages, joined by commas.
    private func ids(_ out: inout [UInt8]) {
        for index in waiting.first..<(waiting.first + waiting.count) {
            if index > waiting.first { out.append(UInt8(ascii: ",")) }
            OffsetID.append(batch.storeHost, physicalOffset: batch.entries[index].physicalOffset, to: &out)
        }
    }
}

extension [UInt8] {
    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        repeat {
            append(UInt8(48 + rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
