import SluiceRemoting
import SluiceSimulator
import SluiceTapes
import Testing

/// Whatever a peer sends, it is read or refused.
@Suite("Bytes of any kind")
struct FrameFuzzTests {
    /// Takes bytes apart as a connection does, and asks for everything that there is to ask for.
    private func take(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            guard case .frame(let type, let header, let body) = FrameScanner.scan(raw) else { return }
            #expect(header.lowerBound == 8 && header.upperBound == body.lowerBound && body.upperBound <= raw.count)
            read(UnsafeRawBufferPointer(rebasing: raw[header]), type, UnsafeRawBufferPointer(rebasing: raw[body]))
        }
    }

    private func read(_ header: UnsafeRawBufferPointer, _ type: HeaderType, _ body: UnsafeRawBufferPointer) {
        let reader = HeaderReader()
        guard (try? reader.read(header, type)) != nil else { return }
        for name: StaticString in ["topic", "a", "i", "queueId", ""] {
            guard let value = reader[name] else { continue }
            let written = [UInt8](unsafeUninitializedCapacity: value.count + 1) { buffer, count in
                if let base = buffer.baseAddress { value.write(to: UnsafeMutableRawPointer(base)) }
                count = value.count
            }
            #expect(String(decoding: written, as: UTF8.self) == value.text)
            _ = (value.integer, value.int32, value.bool)
        }
        // What was understood can be said again, and is then understood as the same.
        let frame = Frame(reader, body: body)
        #expect(Tape.decode(frame.encoded()) == frame)
        readBody(Array(body))
    }

    private func readBody(_ bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes) else { return }
        let encoded = value.encoded()
        #expect((try? JSONParser.parse(encoded))?.encoded() == encoded)
    }

    @Test("random bytes", arguments: CommitSeed.with(0..<20)) func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            var bytes = (0..<Int.random(in: 0..<120, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Most would fail at their length; so make that right now and then.
            if Bool.random(using: &random), bytes.count > 8 {
                bytes.replaceSubrange(0..<3, with: [0, 0, 0])
                bytes[3] = UInt8(bytes.count - 4)
                bytes.replaceSubrange(4..<7, with: [UInt8.random(in: 0...1, using: &random), 0, 0])
            }
            take(bytes)
        }
    }

    /// Brackets, quotes and escapes in any order.
    @Test("random JSON-like text", arguments: CommitSeed.with(0..<20)) func text(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\\u00", "\\ud83d", "\\x4", "/*", "*/", "//", "\n", "1", "-",
            "9223372036854775807", ".5e3", "true", "null", "NaN", "code", "extFields", "\u{1}", "é", "\"a\"", " ",
        ]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0..<24, using: &random)
            let text = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            let bytes = Array(text.utf8)
            readBody(bytes)
            bytes.withUnsafeBytes { read($0, .json, UnsafeRawBufferPointer(start: nil, count: 0)) }
        }
    }

    @Test(
        "frames of tapes with bytes changed, dropped and doubled",
        arguments: ["4.9.8/producer", "4.9.8/producer-binary", "4.9.8/push-orderly", "5.0.0/timer"],
        CommitSeed.with(0..<4))
    func mutated(_ name: String, _ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let frames = try Tape(name).events.compactMap { event -> [UInt8]? in
            if case .bytes(let bytes, _) = event.content { bytes } else { nil }
        }
        for frame in frames {
            for _ in 0..<20 { take(Self.mutated(frame, &random)) }
        }
    }

    private static func mutated(_ frame: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = frame
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard bytes.count > 9 else { return bytes }
            // Leaves the length alone most of the time, so that what is behind it gets read.
            let at = Int.random(in: (Int.random(in: 0..<8, using: &random) == 0 ? 0 : 8)..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.remove(at: at)
            case 3: bytes.insert(bytes[at], at: at)
            default: bytes.insert(contentsOf: bytes[at..<min(at + 20, bytes.count)], at: at)
            }
        }
        if bytes.count > 8, Int.random(in: 0..<4, using: &random) > 0 {
            let length = UInt32(bytes.count - 4)
            withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        }
        return bytes
    }
}
