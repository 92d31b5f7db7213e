import SluiceRemoting
import SluiceTapes
import Testing

/// Headers beyond what a Java client sends (remoting frame, 1 to 3).
@Suite("Headers")
struct HeaderFormTests {
    @Test("the limits of a frame") func limits() {
        func scan(_ length: Int32, _ word: UInt32 = 0) -> FrameScanner.Result {
            var bytes: [UInt8] = []
            FrameWriter.put(length, &bytes)
            FrameWriter.put(word, &bytes)
            return WireBytes.scan(bytes)
        }
        let most = Int32(FrameScanner.maxFrameBytes - 4)
        #expect(scan(most) == .incomplete(need: FrameScanner.maxFrameBytes))
        for wrong: Int32 in [most + 1, .max, 3, 0, -1, .min] {
            guard case .invalid = scan(wrong) else {
                Issue.record("a frame of \(wrong) bytes is \(scan(wrong))")
                continue
            }
        }
        #expect(scan(4) == .frame(type: .json, header: 8..<8, body: 8..<8))
        // A header longer than its frame, and a type that does not exist.
        guard case .invalid = scan(4, 1), case .invalid = scan(20, 0xFF_FFFF), case .invalid = scan(4, 2 << 24) else {
            Issue.record("a header that does not fit is taken")
            return
        }
    }

    @Test("the binary sample") func binarySample() throws {
        let bytes = WireBytes.bytes(
            hex: """
                00000027 0100001e 0136 00 0199 00000102 00000000 00000001 72 00000008 0001 62 00000001 54 68656c6c6f
                """)
        let frame = Frame(
            code: 310, opaque: 258, version: 409, language: .java, remark: "r", fields: [.init("b", "T")],
            body: Array("hello".utf8), type: .binary)
        #expect(Tape.decode(bytes) == frame)
        #expect(frame.encoded() == bytes)
    }

    @Test("a binary value without bytes is null, and of a name that comes twice the last one counts")
    func binaryFields() throws {
        var frame = Frame(code: 1, fields: [.init("a", "1"), .init("empty", ""), .init("a", "2")], type: .binary)
        let decoded = try #require(Tape.decode(frame.encoded()))
        #expect(decoded.fields == [.init("a", "1"), .init("a", "2")])
        #expect(decoded["a"] == "2" && decoded["empty"] == nil)
        frame.code = 200_050
        #expect(Tape.decode(frame.encoded())?.code != 200_050, "the code has 16 bits there")
    }

    @Test(
        "binary headers whose lengths point outside are refused",
        arguments: [
            // Remark, fields, name and value: too long, or negative.
            "0136 00 0199 00000102 00000000 00000099 72 00000000",
            "0136 00 0199 00000102 00000000 ffffffff 72 00000000",
            "0136 00 0199 00000102 00000000 00000000 00000009 0001", "0136 00 0199 00000102 00000000 00000000 ffffffff",
            "0136 00 0199 00000102 00000000 00000000 00000008 0009 62 00000001 54",
            "0136 00 0199 00000102 00000000 00000000 00000008 ffff 62 00000001 54",
            "0136 00 0199 00000102 00000000 00000000 00000008 0001 62 00000002 54",
            "0136 00 0199 00000102 00000000 00000000 00000008 0001 62 ffffffff 54",
        ])
    func binaryLengths(_ hex: String) {
        #expect(throws: JSONError.self) { try WireBytes.header(WireBytes.bytes(hex: hex), .binary) }
    }

    @Test("JSON headers as lenient as Java reads them") func lenient() throws {
        let text = """
            { /* a client of its own */ code : 11, 'flag':0 , "opaque":-3, "language":9, version:"409", // more
              "unknown":[1,{"a":null}], "remark":null, extFields:{"queueId":3,'big':9223372036854775807,"on":true,
              topic:'t\\u0001',"none":null}, }
            """
        let frame = try WireBytes.header(text)
        #expect(frame.code == 11 && frame.flag == 0 && frame.opaque == -3 && frame.version == 409)
        #expect(frame.remark == nil)
        #expect(frame.language == .go)
        #expect(frame["queueId"] == "3" && frame.integer("big") == .max && frame.bool("on") == true)
        #expect(frame["topic"] == "t\u{1}" && frame["none"] == nil)
    }

    @Test("languages that are not on the list are others")
    func languages() throws {
        #expect(try WireBytes.header(#"{"code":1,"language":"SWIFT"}"#).language == .other)
        #expect(try WireBytes.header(#"{"code":1,"language":99}"#).language == .other)
        for language in Language.allCases {
            let frame = Frame(code: 1, language: language, fields: [])
            #expect(Tape.decode(frame.encoded())?.language == language)
            var binary = frame
            binary.type = .binary
            #expect(Tape.decode(binary.encoded())?.language == language)
            #expect(try WireBytes.header("{\"language\":\(language.rawValue)}").language == language)
        }
    }

    @Test(
        "headers that are none",
        arguments: [
            "", "{", "[]", "1", "\"x\"", #"{"code":1} x"#, #"{"code":1}{"code":2}"#, #"{"code" 1}"#, #"{"code":}"#,
            #"{"code":1,"extFields":{"a":"b}"#,
        ])
    func none(_ text: String) {
        #expect(throws: JSONError.self) { try WireBytes.header(text) }
    }

    @Test("more fields than any client sends are refused") func tooMany() {
        let fields = (0...HeaderReader.maxFields).map { Frame.Field("f\($0)", "v") }
        for type in [HeaderType.json, .binary] {
            #expect(
                Tape.decode(Frame(code: 1, fields: Array(fields.dropLast()), type: type).encoded())?.fields?.count
                    == 1_024)
            #expect(Tape.decode(Frame(code: 1, fields: fields, type: type).encoded()) == nil)
        }
    }

    @Test("a response is told by the first bit of its flag, a oneway request by the second") func flags() {
        #expect(Frame(code: 0, flag: 1).isResponse && !Frame(code: 0, flag: 1).isOneway)
        #expect(Frame(code: 0, flag: 2).isOneway && !Frame(code: 0, flag: 2).isResponse)
        #expect(Frame(code: 0, flag: 3).isResponse)
    }
}
