import SluiceRemoting
import Testing

/// The JSON that fastjson writes and reads in RocketMQ's bodies (requests, 1).
@Suite("fastjson's JSON")
struct FastJSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test("numbers as names, without quotes or with them") func numberNames() throws {
        let value = try parse(#"{"offsetTable":{"T1@CG1":{0:2,1:1}},"brokerAddrs":{"0":"127.0.0.1:10911"}}"#)
        #expect(value["offsetTable"]?["T1@CG1"]?["1"] == 1)
        #expect(value["brokerAddrs"]?["0"]?.text == "127.0.0.1:10911")
    }

    @Test("objects as names") func objectNames() throws {
        let text = #"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:5,{ "topic" : "T", "queueId":1 }:6}}"#
        let table = try #require(try parse(text)["offsetTable"])
        #expect(table.pairs.map { $0.key["queueId"]?.integer } == [0, 1])
        #expect(table.pairs.map { $0.value.integer } == [5, 6])
        // Written as they were read, which is what fastjson expects.
        let encoded = String(decoding: table.encoded(), as: UTF8.self)
        #expect(encoded == #"{{"brokerName":"b","queueId":0,"topic":"T"}:5,{"topic":"T","queueId":1}:6}"#)
    }

    @Test("what Java reads beyond JSON")
    func lenient() throws {
        #expect(try parse("{'a':'b', c : 1 /* d */, // e\n f:[1,2,],}") == ["a": "b", "c": 1, "f": [1, 2]])
        #expect(try parse(#"{"a":1L,"b":2.5F,"c":undefined}"#)["a"] == 1)
        #expect(try parse(" \t\r\n{}\n") == .object([]))
    }

    @Test("escapes, and text that stands as it is")
    func escapes() throws {
        #expect(try parse(#""KEYS\u0001k\u0002TAGS\u0001A""#) == "KEYS\u{1}k\u{2}TAGS\u{1}A")
        #expect(try parse(#""\b\t\n\f\r\v\"\\\/\x41\0""#) == "\u{8}\t\n\u{C}\r\u{B}\"\\/A\0")
        #expect(try parse(#""\u8ba2\u5355 \ud83d\ude00 订单""#) == "订单 😀 订单")
        // Half of a pair, and an escape that is none.
        #expect(try parse(#""\ud83d""#) == "\u{FFFD}")
        #expect(try parse(#""\u12""#) == "\u{FFFD}12")
    }

    @Test("escapes of every kind come back", arguments: [false, true])
    func written(ascii: Bool) throws {
        let text = String(String.UnicodeScalarView((0...0x2FF).compactMap { Unicode.Scalar($0) })) + "订单😀\u{FFFF}"
        let encoded = JSONValue.string(text).encoded(ascii: ascii)
        #expect(encoded.allSatisfy { $0 >= 0x20 })
        #expect(!ascii || encoded.allSatisfy { $0 < 0x80 })
        #expect(try JSONParser.parse(encoded) == .string(text))
    }

    @Test("64 bits are kept")
    func numbers() throws {
        #expect(try parse("9223372036854775807") == .int(.max))
        #expect(try parse("-9223372036854775808") == .int(.min))
        #expect(try parse("9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(try parse("-0.5e2") == .double(-50))
        #expect(try parse(#"{"a":"12","b":3.9,"c":true}"#)["a"]?.integer == 12)
        #expect(try parse(#"{"b":3.9}"#)["b"]?.integer == 3)
        #expect(JSONValue.double(.infinity).encoded() == Array("0.0".utf8))
        #expect(JSONValue.int(.min).encoded() == Array("-9223372036854775808".utf8))
    }

    @Test("of a name that comes twice the last one counts, and null is as good as absent") func twice() throws {
        let value = try parse(#"{"a":1,"a":2,"b":null}"#)
        #expect(value["a"] == 2 && value["b"] == nil && value["c"] == nil)
        #expect(value.pairs.count == 3)
    }

    @Test(
        "what is no JSON at all",
        arguments: [
            "", "{", "}", "[1", "[1 2]", "{\"a\"}", "{\"a\":1 \"b\":2}", "\"a", "'a\"", "{a:b}", "tru", "-", "1.2.3",
            "{} {}",
            "{}x", "\"\\", "/*", "{:1}",
        ])
    func wrong(_ text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("values nested too deep are refused before the stack is") func depth() throws {
        let deep = JSONParser.maxDepth
        _ = try parse(String(repeating: "[", count: deep) + String(repeating: "]", count: deep))
        for open in ["[", "{\"a\":", "{", "{{"] {
            #expect(throws: JSONError.self) { try parse(String(repeating: open, count: 100_000)) }
        }
    }

    @Test("objects without what is nil") func fields() {
        #expect(JSONValue.fields(["a": 1, "b": nil]).encoded() == Array(#"{"a":1}"#.utf8))
        #expect(JSONValue.object([.init(.int(3), "x")]).encoded() == Array(#"{"3":"x"}"#.utf8))
    }
}
