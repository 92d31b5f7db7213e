import Foundation
import SluiceRemoting
import SluiceTapes
import Testing

/// Frames as RocketMQ's own processes sent them.
@Suite("Frames of tapes")
struct TapedFrameTests {
    /// Bytes of all frames of a tape.
    private func frames(_ name: String) throws -> [[UInt8]] {
        try Tape(name).events.compactMap { event in
            if case .bytes(let bytes, isFrame: true) = event.content { bytes } else { nil }
        }
    }

    private func parts(_ bytes: [UInt8]) throws -> (type: HeaderType, header: [UInt8], body: [UInt8]) {
        guard case .frame(let type, let header, let body) = WireBytes.scan(bytes) else {
            throw Tape.Malformed("no frame: \(WireBytes.scan(bytes))")
        }
        return (type, Array(bytes[header]), Array(bytes[body]))
    }

    @Test("JSON headers say what another JSON reader reads in them", arguments: Tape.all)
    func jsonHeaders(_ name: String) throws {
        for bytes in try frames(name) {
            let (type, header, body) = try parts(bytes)
            guard type == .json else { continue }
            let frame = try #require(Tape.decode(bytes))
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(header)) as? [String: Any],
                "\(String(decoding: header, as: UTF8.self))")
            #expect(frame.code == (object["code"] as? NSNumber)?.int32Value)
            #expect(frame.flag == (object["flag"] as? NSNumber)?.int32Value)
            #expect(frame.opaque == (object["opaque"] as? NSNumber)?.int32Value)
            #expect(frame.version == (object["version"] as? NSNumber)?.int32Value)
            #expect(frame.language.text == object["language"] as? String)
            #expect(frame.remark == object["remark"] as? String)
            let fields = object["extFields"] as? [String: String] ?? [:]
            #expect(Dictionary(uniqueKeysWithValues: (frame.fields ?? []).map { ($0.name, $0.value) }) == fields)
            #expect(frame.body == body)
        }
    }

    @Test("binary headers are written again byte for byte", arguments: Tape.all)
    func binaryHeaders(_ name: String) throws {
        for bytes in try frames(name) where try parts(bytes).type == .binary {
            #expect(Tape.decode(bytes)?.encoded() == bytes)
        }
    }

    @Test("a frame keeps its values in either form of header", arguments: Tape.all)
    func bothForms(_ name: String) throws {
        for bytes in try frames(name) {
            var frame = try #require(Tape.decode(bytes))
            #expect(Tape.decode(frame.encoded()) == frame)
            // The binary form has no empty values: they are null in it.
            frame.type = frame.type == .json ? .binary : .json
            frame.fields?.removeAll { $0.value.isEmpty }
            if frame.remark?.isEmpty == true { frame.remark = nil }
            #expect(Tape.decode(frame.encoded()) == frame)
        }
    }

    @Test("less than a whole frame is never more than its beginning", arguments: Tape.all)
    func cut(_ name: String) throws {
        for bytes in try frames(name) {
            bytes.withUnsafeBytes { raw in
                for count in 0..<raw.count {
                    let part = UnsafeRawBufferPointer(rebasing: raw[..<count])
                    guard case .incomplete(let need) = FrameScanner.scan(part), need > count, need <= raw.count else {
                        Issue.record("\(count) of \(raw.count) bytes are \(FrameScanner.scan(part))")
                        return
                    }
                }
            }
        }
    }

    @Test(
        "bytes that drip in make the same frames", arguments: ["4.9.8/producer", "4.9.8/producer-binary", "4.9.8/pull"])
    func dripped(_ name: String) throws {
        let expected = try frames(name)
        var held: [UInt8] = []
        var found: [[UInt8]] = []
        for byte in expected.joined() {
            held.append(byte)
            guard case .frame(_, _, let body) = WireBytes.scan(held) else { continue }
            // A frame is there with its last byte, not earlier and not later.
            #expect(body.upperBound == held.count)
            found.append(held)
            held = []
        }
        #expect(found == expected)
        #expect(held.isEmpty)
    }

    @Test("a header that is cut off is refused", arguments: ["4.9.8/producer", "4.9.8/transaction-binary"])
    func cutHeaders(_ name: String) throws {
        for bytes in try frames(name).prefix(40) {
            let (type, header, _) = try parts(bytes)
            for count in 0..<header.count {
                #expect(throws: JSONError.self, "\(count) of \(header)") {
                    try WireBytes.header(Array(header[..<count]), type)
                }
            }
        }
    }

    @Test("what was no frame on purpose is none, and closes the connection") func noFrames() throws {
        let tape = try Tape("4.9.8/raw-errors")
        let wrong = tape.events.compactMap { event -> [UInt8]? in
            if case .bytes(let bytes, isFrame: false) = event.content { bytes } else { nil }
        }
        #expect(wrong.count == 2)
        for bytes in wrong {
            switch WireBytes.scan(bytes) {
            case .invalid: break
            case .frame(let type, let header, _):
                #expect(throws: JSONError.self) { try WireBytes.header(Array(bytes[header]), type) }
            case .incomplete: Issue.record("\(bytes) would be waited for")
            }
        }
    }
}
