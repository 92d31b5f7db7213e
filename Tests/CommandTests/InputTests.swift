import Glibc
import Testing

@testable import sluice

/// Times and numbers as people type and read them.
@Suite struct InputTests {
    private static let now: Int64 = 1_795_356_000_000

    @Test(arguments: [
        ("1795356000000", 1_795_356_000_000), ("+90s", now + 90_000), ("-5m", now - 300_000),
        ("+1m30s", now + 90_000), ("+250ms", now + 250), ("2026-11-22T14:00:00Z", 1_795_356_000_000),
        ("2026-11-22t14:00:00.25+08:00", 1_795_327_200_250), ("2026-11-22 14:00:00-01:30", 1_795_361_400_000),
    ]) func momentsAreUnderstood(_ text: String, _ moment: Int64) {
        #expect(TimeInput.moment(text, now: Self.now, .ahead) == moment)
    }

    @Test(arguments: [
        "", "noon", "25:00", "12:60", "1:2:3:4", "+", "+soon", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-22", "2026-11-22T14:00:00+8", "99999999999999999999", "12:00 ", "+9999999999999999d",
    ]) func nonsenseIsRefused(_ text: String) {
        #expect(TimeInput.moment(text, now: Self.now, .ahead) == nil)
    }

    @Test func aTimeOfDayIsTheNextOrTheLastOne() throws {
        let ahead = try #require(TimeInput.moment("10:30", now: Self.now, .ahead))
        let back = try #require(TimeInput.moment("10:30", now: Self.now, .back))
        #expect(ahead > Self.now && ahead - Self.now <= 86_400_000)
        #expect(back <= Self.now && Self.now - back < 86_400_000)
        #expect(ahead - back == 86_400_000)
    }

    @Test func aMomentSurvivesItsText() throws {
        for moment in [0, 1, 999, 1_795_356_000_123, -1, 4_102_444_800_000] as [Int64] {
            #expect(TimeInput.moment(TimeText.rfc3339(moment), now: 0, .ahead) == moment)
        }
    }

    @Test func textIsEscaped() {
        var object = JSONObject()
        object.add("a\"", "\u{0}\n\t\\\"é\u{7F}")
        object.add("n", Int64.min)
        object.add("x", Double.nan, places: 2)
        object.add("y", -0.125, places: 2)
        object.addText("body", [0xFF])
        #expect(
            String(decoding: object.closed(), as: UTF8.self)
                == #"{"a\"":"\u0000\n\t\\\"é\u007f","n":-9223372036854775808,"x":null,"y":-0.13,"body_base64":"/w=="}"#)
    }

    @Test func numbersAreGrouped() {
        #expect(grouped(0 as Int64) == "0")
        #expect(grouped(-1_204_113 as Int64) == "-1,204,113")
        #expect(grouped(Int64.min) == "-9,223,372,036,854,775,808")
    }
}
