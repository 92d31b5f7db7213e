import SluiceMessage
import Testing

@testable import SluiceConsole

@Suite struct ValueTests {
    @Test(
        arguments: [
            (0, "0"), (999, "999"), (83_201, "83,201"), (1_204_113, "1,204,113"), (12_400_000, "12.4M"),
            (-1_500, "-1,500"),
            (Int64.max, "9223372T"),
        ] as [(Int64, String)])
    func counts(_ value: Int64, _ text: String) {
        if value == .max { #expect(Format.count(value).hasSuffix("T")) } else { #expect(Format.count(value) == text) }
    }

    @Test(arguments: [
        (0, "0"), (0.4, "0.4"), (9, "9"), (110, "110"), (999.6, "1.0k"), (12_400, "12.4k"), (340_000, "340k"),
        (3_100_000, "3.1M"),
    ])
    func rates(_ value: Double, _ text: String) { #expect(Format.rate(value) == text) }

    @Test func unknownIsADash() {
        #expect(Format.rate(nil) == "–")
        #expect(Format.count(nil as Int64?) == "–")
        #expect(Format.count(-1, nil) == "–" && Format.count(0, nil) == "0" && Format.count(-1 as Int64, nil) == "–")
        #expect(Format.age(nil) == "–")
        #expect(Format.drain(nil) == "–")
        #expect(Format.drain(.infinity) == "–")
    }

    @Test(
        arguments: [
            (0, "0 s"), (400, "<1 s"), (41_000, "41 s"), (104_000, "1m44s"), (252_000, "4m10s"), (1_020_000, "17m"),
            (7_300_000, "2h01m"), (90_000_000, "1d01h"),
        ] as [(Int64, String)])
    func ages(_ value: Int64, _ text: String) { #expect(Format.age(value) == text) }

    @Test func countdownEndsWithDue() {
        #expect(Format.countdown(1) == "1 s")
        #expect(Format.countdown(0) == "due")
        #expect(Format.countdown(-5) == "due")
    }

    static let moments = Moments(now: World.start, utcOffset: 8 * 3600)

    @Test func delaysAsTyped() {
        func delay(_ text: String) -> Delay?? { try? Self.moments.delay(text).get() }
        #expect(delay("") == .some(nil))
        #expect(delay("5") == .level(5))
        #expect(delay("level 18") == .level(18))
        #expect(delay("90s") == .after(milliseconds: 90_000))
        #expect(delay("+5m") == .after(milliseconds: 300_000))
        #expect(delay("1h30m") == .after(milliseconds: 5_400_000))
        // 22:03:27 local: 14:30 is tomorrow's, 23:00 today's.
        #expect(delay("23:00") == .at(World.start + 3_393_000))
        #expect(delay("14:30") == .at(World.start - 27_207_000 + 86_400_000))
        #expect(delay("2026-03-15T00:00:00Z") == .at(1_773_532_800_000))
        for bad in ["19", "0", "soon", "90", "2020-01-01 00:00", "25:00", "9999999999999999999s", "5x"] {
            #expect(throws: Moments.Problem.self, "\(bad)") { try Self.moments.delay(bad).get() }
        }
    }

    @Test func momentsForAReset() {
        #expect(Self.moments.moment("-10m", future: false) == World.start - 600_000)
        #expect(Self.moments.moment("22:00", future: false) == World.start - 207_000)
        #expect(Self.moments.moment("1773497007000", future: false) == World.start)
        #expect(Self.moments.moment("2026-02-30 10:00", future: false) == nil)
        #expect(Self.moments.moment("2026-03-14 22:03:27", future: false) == World.start)
        #expect(Self.moments.moment("2026-03-14T14:03:27+00:00", future: false) == World.start)
    }

    @Test func filters() throws {
        func passing(_ text: String) -> [String] {
            let names = ["orders", "order-audit", "sms", "订单-支付"]
            return names.filter { Filter(text)?.matches($0) ?? true }
        }
        #expect(passing("ORDER") == ["orders", "order-audit"])
        #expect(passing("^order.$") == ["orders"])
        #expect(passing("!order") == ["sms", "订单-支付"])
        #expect(passing("-f oadt") == ["order-audit"])
        #expect(passing("支付") == ["订单-支付"])
        #expect(passing("(unfinished") == [])
        #expect(passing("") == ["orders", "order-audit", "sms", "订单-支付"])
    }

    @Test func json() {
        func pretty(_ text: String) -> String? { JSONText.pretty(Array(text.utf8)) }
        #expect(
            pretty(#"{"a":[1,2.5e3,{}],"b":"x\"y","c":[]}"#) == """
                {
                  "a": [
                    1,
                    2.5e3,
                    {}
                  ],
                  "b": "x\\"y",
                  "c": []
                }
                """)
        #expect(pretty("123456789012345678901234567890") == "123456789012345678901234567890")
        for bad in [
            "", "{", "{]", "[1,]", "{\"a\"}", "nan", "1 2", "\"\u{1}\"", String(repeating: "[", count: 100_000),
        ] {
            #expect(pretty(bad) == nil, "\(bad.prefix(20))")
        }
    }

    @Test func bodies() {
        let hex = BodyLines(Array(0..<40), as: .hex, width: 80)
        #expect(hex.count == 3)
        #expect(hex[1] == "000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  ················")
        let text = BodyLines(Array("中文字符测试\n\tx".utf8), as: .text, width: 6)
        #expect([text[0], text[1], text[2]] == ["中文字", "符测试", "    x"])
        #expect(BodyLines([0xFF, 0x41], as: .text, width: 20).note != nil)
        #expect(BodyLines([], as: .text, width: 20).count == 1)
    }

    @Test func typingWindowFollowsTheCursor() {
        var field = TextField("一二三四五六")
        #expect(field.window(7).text == "四五六")
        _ = field.edit(.lineStart)
        #expect(field.window(7) == ("一二三", 0))
        _ = field.edit(.deleteForward)
        field.insert("a\nb")
        #expect(field.text == "a\nb二三四五六")
    }
}
