import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Writes send requests (requests, 2) in the binary header, which needs no escapes and which every RocketMQ since 4.0
/// reads.
struct SendEncoder {
    let topic: String
    let queue: Int
    /// Nil leaves signing away.
    let sign: ((Frame) -> Frame)?

    /// One message: SEND_MESSAGE_V2.
    func single(_ batch: PublishBatch, _ index: Int, properties: [UInt8]?, _ opaque: Int32, _ out: inout [UInt8]) {
        let entry = batch.entries[index]
        batch.withEntry(index) { stored, body in
            let fields = Fields(entry, topic, queue)
            if let properties {
                properties.withUnsafeBytes { write(RequestCode.sendMessageV2, fields, $0, body, opaque, &out) }
            } else {
                write(RequestCode.sendMessageV2, fields, stored, body, opaque, &out)
            }
        }
    }

    /// Several: SEND_BATCH_MESSAGE, whose body holds them all (message format, 6).
    func several(_ members: [SendMember], _ opaque: Int32, _ out: inout [UInt8]) {
        guard let first = members.first else { return }
        var body: [UInt8] = []
        body.reserveCapacity(members.reduce(0) { $0 + 22 + $1.out.batch.size(Int($1.index)) })
        for member in members {
            let flag = member.out.batch.entries[Int(member.index)].flag
            member.out.batch.withEntry(Int(member.index)) { properties, content in
                FrameWriter.put(Int32(22 + content.count + properties.count), &body)
                // Magic and CRC are the broker's to fill in.
                FrameWriter.put(Int64(0), &body)
                FrameWriter.put(flag, &body)
                FrameWriter.put(Int32(content.count), &body)
                body.append(contentsOf: content)
                FrameWriter.put(UInt16(truncatingIfNeeded: properties.count), &body)
                body.append(contentsOf: properties)
            }
        }
        var fields = Fields(first.out.batch.entries[Int(first.index)], topic, queue)
        fields.isBatch = true
        body.withUnsafeBytes {
            write(RequestCode.sendBatchMessage, fields, UnsafeRawBufferPointer(start: nil, count: 0), $0, opaque, &out)
        }
    }

    /// The short fields of a send request, all but the properties.
    private struct Fields {
        let topic: String
        let queue: Int
        let systemFlag: Int32
        let born: Int64
        let flag: Int32
        let reconsumeTimes: Int32
        let maxReconsumeTimes: Int32
        var isBatch = false

        init(_ entry: PublishBatch.Entry, _ topic: String, _ queue: Int) {
            self.topic = topic
            self.queue = queue
            systemFlag = entry.systemFlag
            born = entry.bornTimestamp
            flag = entry.flag
            reconsumeTimes = entry.reconsumeTimes
            maxReconsumeTimes = entry.maxReconsumeTimes
        }

        var numbers: [(StaticString, Int64)] {
            var all: [(StaticString, Int64)] = [
                ("d", Int64(Route.templateQueues)), ("e", Int64(queue)), ("f", Int64(systemFlag)), ("g", born),
                ("h", Int64(flag)), ("j", Int64(reconsumeTimes)),
            ]
            if maxReconsumeTimes >= 0 { all.append(("l", Int64(maxReconsumeTimes))) }
            return all
        }
    }

    private static let group = "sluice"

    private func write(
        _ code: Int32, _ fields: Fields, _ properties: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        _ opaque: Int32, _ out: inout [UInt8]
    ) {
        if let sign { return writeSigned(code, fields, properties, body, opaque, sign, &out) }
        let start = FrameWriter.begin(&out)
        FrameWriter.put(Int16(truncatingIfNeeded: code), &out)
        out.append(Language.other.rawValue)
        FrameWriter.put(Int16(truncatingIfNeeded: WireVersion.ours), &out)
        FrameWriter.put(opaque, &out)
        // Flag, and the length of no remark.
        FrameWriter.put(Int64(0), &out)
        let lengthAt = out.count
        FrameWriter.put(Int32(0), &out)
        Self.field("a", Self.group, &out)
        Self.field("b", fields.topic, &out)
        Self.field("c", TopicName.template, &out)
        for (name, value) in fields.numbers { Self.field(name, value, &out) }
        if !properties.isEmpty {
            Self.name("i", properties.count, &out)
            out.append(contentsOf: properties)
        }
        Self.field("k", "false", &out)
        Self.field("m", fields.isBatch ? "true" : "false", &out)
        let length = UInt32(out.count - lengthAt - 4)
        for byte in 0..<4 { out[lengthAt + byte] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * byte)) }
        FrameWriter.endHeader(&out, start, .binary, bodyBytes: body.count)
        out.append(contentsOf: body)
    }

    private func writeSigned(
        _ code: Int32, _ fields: Fields, _ properties: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        _ opaque: Int32, _ sign: (Frame) -> Frame, _ out: inout [UInt8]
    ) {
        var list: [Frame.Field] = [
            .init("a", Self.group), .init("b", fields.topic), .init("c", TopicName.template), .init("k", "false"),
            .init("m", fields.isBatch ? "true" : "false"),
        ]
        list += fields.numbers.map { .init($0.0.description, String($0.1)) }
        if !properties.isEmpty { list.append(.init("i", String(decoding: properties, as: UTF8.self))) }
        sign(Frame(code: code, opaque: opaque, fields: list, body: Array(body), type: .binary)).encode(into: &out)
    }

    @inline(__always)
    private static func name(_ name: StaticString, _ count: Int, _ out: inout [UInt8]) {
        FrameWriter.put(Int16(name.utf8CodeUnitCount), &out)
        out.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        FrameWriter.put(Int32(count), &out)
    }

    private static func field(_ name: StaticString, _ value: String, _ out: inout [UInt8]) {
        self.name(name, value.utf8.count, &out)
        out.append(contentsOf: value.utf8)
    }

    private static func field(_ name: StaticString, _ value: Int64, _ out: inout [UInt8]) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { digits in
            var at = digits.count
            var rest = value.magnitude
            repeat {
                at -= 1
                digits[at] = UInt8(48 + rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                at -= 1
                digits[at] = UInt8(ascii: "-")
            }
            self.name(name, digits.count - at, &out)
            out.append(contentsOf: digits[at...])
        }
    }
}
