import SluiceConsole
import Testing

@testable import SluiceTerminal

@Suite struct InputDecoderTests {
    /// Feeds bytes one by one and lets the pause after them pass.
    private func decode(_ bytes: [UInt8]) -> [InputDecoder.Input] {
        var decoder = InputDecoder()
        var inputs: [InputDecoder.Input] = []
        for byte in bytes { decoder.feed(byte, into: &inputs) }
        return inputs + decoder.flush()
    }

    private func keys(_ text: String) -> [Key] {
        decode(Array(text.utf8)).compactMap { input in
            if case .key(let key) = input { key } else { nil }
        }
    }

    @Test(arguments: [
        ("a", Key.character("a")), ("中", .character("中")), ("🚀", .character("🚀")), ("é", .character("é")),
        ("\r", .enter), ("\n", .enter), ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .control("h")),
        ("\u{1}", .control("a")), ("\u{1A}", .control("z")), ("\0", .control(" ")), ("\u{1F}", .control("_")),
        ("\u{1B}", .escape), ("\u{1B}x", .alt("x")), ("\u{1B}中", .alt("中")), ("\u{1B}[", .alt("[")),
        ("\u{1B}O", .alt("O")), ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[1;5C", .right), ("\u{1B}[D", .left),
        ("\u{1B}[B", .down), ("\u{1B}[H", .home), ("\u{1B}OF", .end), ("\u{1B}[1~", .home), ("\u{1B}[8~", .end),
        ("\u{1B}[2~", .insert), ("\u{1B}[3~", .delete), ("\u{1B}[5~", .pageUp), ("\u{1B}[6;3~", .pageDown),
        ("\u{1B}[Z", .backTab), ("\u{1B}OP", .function(1)), ("\u{1B}[11~", .function(1)), ("\u{1B}[[A", .function(1)),
        ("\u{1B}[[E", .function(5)), ("\u{1B}OS", .function(4)), ("\u{1B}[15~", .function(5)),
        ("\u{1B}[21~", .function(10)), ("\u{1B}[24~", .function(12)), ("\u{1B}OM", .enter),
        ("\u{1B}[120;5u", .control("x")), ("\u{1B}[27u", .escape),
    ])
    func keysOfManyTerminals(_ bytes: String, _ key: Key) {
        #expect(keys(bytes) == [key])
        #expect(
            keys(bytes == "\u{1B}" || bytes.hasSuffix("[") || bytes.hasSuffix("O") ? "q" : bytes + "q").last
                == .character("q"))
    }

    @Test func runsOfKeysStayInOrder() {
        #expect(
            keys("ab\u{1B}[A中\u{1B}OBc") == [
                .character("a"), .character("b"), .up, .character("中"), .down, .character("c"),
            ])
        #expect(keys("\u{1B}\u{1B}") == [.escape, .escape])
        #expect(keys("\u{1B}\u{1B}[A") == [.escape, .up])
        #expect(keys("\u{1B}\rx") == [.escape, .enter, .character("x")])
    }

    @Test func pendingUntilTheNextByteOrAPause() {
        var decoder = InputDecoder()
        var inputs: [InputDecoder.Input] = []
        #expect(!decoder.isPending)
        decoder.feed(0x1B, into: &inputs)
        #expect(decoder.isPending && inputs.isEmpty)
        #expect(decoder.flush() == [.key(.escape)])
        #expect(!decoder.isPending)
        decoder.feed(UInt8(ascii: "x"), into: &inputs)
        #expect(inputs == [.key(.character("x"))])
    }

    @Test func whatMeansNothingIsSwallowedWhole() {
        #expect(keys("\u{1B}[?1;2cx") == [.character("x")])
        #expect(keys("\u{1B}]11;rgb:0000/0000/0000\u{7}x") == [.character("x")])
        #expect(keys("\u{1B}]0;title\u{1B}\\x") == [.character("x")])
        #expect(keys("\u{1B}[200x") == [])
        #expect(keys("\u{1B}[99~x") == [.character("x")])
        #expect(keys("\u{1B}[" + String(repeating: "1;", count: 500) + "q").count < 500)
    }

    @Test(
        arguments: [[0xFF], [0xC3], [0xC3, 0x28], [0xE4, 0xB8], [0x80], [0xED, 0xA0, 0x80], [0xF5], [0xC0, 0xAF]]
            as [[UInt8]])
    func notUTF8IsMarkedAndLosesNothingElse(_ bytes: [UInt8]) {
        let inputs = decode(bytes + Array("ok".utf8))
        #expect(inputs.suffix(2) == [.key(.character("o")), .key(.character("k"))])
        #expect(inputs.first == .key(.character("\u{FFFD}")))
    }

    @Test func pastedTextIsOneEvent() {
        let paste = "\u{1B}[200~line 1\r\nline 2\r\u{1B}[31m中\u{3}\u{1B}[201~q"
        #expect(decode(Array(paste.utf8)) == [.paste("line 1\nline 2\n\u{1B}[31m中\u{3}"), .key(.character("q"))])
    }

    @Test func aHugePasteIsCutAndStillEnds() throws {
        let text = String(repeating: "x", count: InputDecoder.maxPaste + 5000)
        let inputs = decode(Array("\u{1B}[200~\(text)\u{1B}[201~q".utf8))
        guard case .paste(let kept)? = inputs.first else {
            Issue.record("no paste")
            return
        }
        #expect(kept.utf8.count == InputDecoder.maxPaste)
        #expect(inputs.last == .key(.character("q")))
    }

    @Test func mouse() {
        #expect(decode(Array("\u{1B}[<0;10;5M\u{1B}[<0;10;5m".utf8)) == [.mouse(Mouse(x: 9, y: 4, kind: .press))])
        #expect(
            decode(Array("\u{1B}[<64;1;1M\u{1B}[<65;1;1M".utf8)) == [
                .mouse(Mouse(x: 0, y: 0, kind: .wheelUp)), .mouse(Mouse(x: 0, y: 0, kind: .wheelDown)),
            ])
        #expect(decode(Array("\u{1B}[<2;1;1M\u{1B}[<0;0;0M\u{1B}[<0;1M".utf8)).isEmpty)
        var clicks = ClickCounter()
        let press = Mouse(x: 1, y: 1, kind: .press)
        #expect(
            [0, 100, 200, 900].map { clicks.count(press, at: $0 * 1_000_000).kind } == [
                .press, .doublePress, .press, .press,
            ])
    }

    @Test func randomBytesNeverTrap() {
        var generator = SplitMix(state: 42)
        var decoder = InputDecoder()
        var inputs: [InputDecoder.Input] = []
        for _ in 0..<200_000 {
            let alphabet: [UInt8] = [0x1B, 0x5B, 0x4F, 0x3B, 0x31, 0x7E, 0x3C, 0x4D, 0xE4, 0xB8, 0xAD]
            let pick = generator.next()
            decoder.feed(
                pick % 3 == 0 ? UInt8(truncatingIfNeeded: pick >> 8) : alphabet[Int(pick >> 8 % 11) % 11], into: &inputs
            )
            if pick % 50 == 1 { inputs += decoder.flush() }
            if inputs.count > 1000 { inputs = [] }
        }
    }
}

/// Random numbers that are the same in each run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
