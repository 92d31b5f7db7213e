import SluiceRemoting
import Testing

/// Values of header fields, read where they stand.
@Suite("Field values")
struct FieldValueTests {
    @Test(
        "whole numbers up to the limits",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("+7", 7), ("-7", -7), ("007", 7), ("9223372036854775807", Int64.max),
            ("-9223372036854775808", Int64.min), ("-9223372036854775807", -Int64.max),
        ])
    func integers(_ text: String, _ number: Int64) {
        #expect(WireBytes.value(text) { $0.integer } == number)
    }

    @Test(
        "what is none",
        arguments: [
            "", "-", "+", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "1-", "9223372036854775808", "-9223372036854775809",
            "99999999999999999999", "１", "\u{0}",
        ])
    func noIntegers(_ text: String) {
        #expect(WireBytes.value(text) { $0.integer } == nil)
    }

    @Test("32 bits") func int32() {
        #expect(WireBytes.value("2147483647") { $0.int32 } == .max)
        #expect(WireBytes.value("-2147483648") { $0.int32 } == .min)
        #expect(WireBytes.value("2147483648") { $0.int32 } == nil)
    }

    @Test("true and false are spelled out, or 1 and 0 as the clients in C++ have them") func booleans() {
        for text in ["true", "1"] { #expect(WireBytes.value(text) { $0.bool } == true) }
        for text in ["false", "0"] { #expect(WireBytes.value(text) { $0.bool } == false) }
        for text in ["", "TRUE", "2", "10", "tru", "truee"] { #expect(WireBytes.value(text) { $0.bool } == nil) }
    }

    @Test(
        "escaped text has as many bytes as it says",
        arguments: [
            ("KEYS\\u0001k", "KEYS\u{1}k"), ("\\\"\\\\", "\"\\"), ("\\u8ba2", "订"), ("plain", "plain"), ("", ""),
            ("\\", "\\"),
        ])
    func escapes(_ raw: String, _ text: String) {
        WireBytes.value(raw, isEscaped: true) { value in
            #expect(value.text == text)
            let written = [UInt8](unsafeUninitializedCapacity: value.count + 1) { buffer, count in
                if let base = buffer.baseAddress { value.write(to: UnsafeMutableRawPointer(base)) }
                count = value.count
            }
            #expect(written == Array(text.utf8))
        }
    }
}
