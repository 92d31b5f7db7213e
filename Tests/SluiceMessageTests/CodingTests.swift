import SluiceMessage
import Testing

@Suite("Properties, tags, ids and bodies")
struct CodingTests {
    private func decode(_ text: String) -> [Property] { Array(text.utf8).withUnsafeBytes(PropertyCoding.decode) }

    @Test("properties are separated, not ended, and those without name or value do not exist")
    func properties() {
        let encoded = PropertyCoding.encode([
            Property("A", "1"), Property("", "x"), Property("B", ""), Property("C", "a b"),
        ])
        #expect(encoded == Array("A\u{1}1\u{2}C\u{1}a b".utf8))
        #expect(decode("A\u{1}1\u{2}C\u{1}a b") == [Property("A", "1"), Property("C", "a b")])
        // RocketMQ 5 ends the last one too.
        #expect(decode("A\u{1}1\u{2}C\u{1}a b\u{2}") == [Property("A", "1"), Property("C", "a b")])
        #expect(decode("A\u{2}\u{1}x\u{2}B\u{1}\u{2}\u{2}C\u{1}1\u{1}2") == [Property("C", "1\u{1}2")])
        #expect(decode("").isEmpty)
        #expect(PropertyCoding.hasSeparator("a\u{2}") && !PropertyCoding.hasSeparator("a b"))
    }

    @Test("of several properties by one name the last one wins")
    func lastWins() {
        Array("TAGS\u{1}a\u{2}TAGS\u{1}b\u{2}TRAN_MSG\u{1}true\u{2}KEYS\u{1}k1 k2".utf8).withUnsafeBytes { raw in
            let scan = PropertyScan(raw)
            #expect(scan.tags?.text == "b")
            #expect(scan.keys?.text == "k1 k2")
            #expect(scan.isTransaction)
            #expect(!scan.isDelayed && !scan.hasWait && scan.uniqueKey == nil)
        }
        Array("TIMER_DELAY_SEC\u{1}9\u{2}WAIT\u{1}true\u{2}TRAN_MSG\u{1}false".utf8).withUnsafeBytes { raw in
            let scan = PropertyScan(raw)
            #expect(scan.timerDelaySeconds?.decimal == 9)
            #expect(scan.isDelayed && scan.hasWait && !scan.isTransaction)
        }
    }

    @Test(
        "tag codes are Java's string hashes",
        arguments: [("TagA", 2_598_919), ("", 0), ("a", 97), ("polygenelubricants", Int32.min), ("标签", 857_175)])
    func tagCodes(tag: String, code: Int32) {
        #expect(TagCode.of(tag) == code)
        #expect(Array(tag.utf8).withUnsafeBytes { TagCode.of($0) } == code)
    }

    @Test("filters take tags apart at double bars")
    func filters() {
        #expect(TagFilter("*").passesAll && TagFilter("").passesAll && TagFilter("a || *").passesAll)
        let filter = TagFilter(" a||b || c d ")
        #expect(filter.tags == ["a", "b", "c d"])
        #expect(filter.passes("c d") && !filter.passes("c") && !filter.passes(nil))
        #expect(filter.mayPass(code: 97) && !filter.mayPass(code: 99))
        // "Aa" and "BB" share a code: only the exact test tells them apart.
        #expect(TagFilter("Aa").mayPass(code: TagCode.of("BB")) && !TagFilter("Aa").passes("BB"))
    }

    @Test("offset ids name store host and place")
    func offsetIDs() {
        let id = "7F00000100002A9F000000000000040E"
        #expect(OffsetID.text(storeHost: "127.0.0.1:10911", physicalOffset: 1_038) == id)
        #expect(OffsetID.physicalOffset(id) == 1_038)
        #expect(OffsetID.physicalOffset(id.lowercased()) == 1_038)
        for wrong in [
            "", String(id.dropLast()), id + "0", String(id.dropLast()) + "G", "+F00000100002A9F00000000000-040E",
        ] {
            #expect(OffsetID.physicalOffset(wrong) == nil)
        }
        #expect(HostAddress("10.1.2.3:9876").text == "10.1.2.3:9876")
        #expect(HostAddress("nonsense").port == 0)
    }

    @Test("unique keys are 32 hex digits and differ")
    func uniqueKeys() {
        var maker = UniqueKeyMaker(address: 0xC000_0202, instance: 0xDEAD_BEEF)
        var seen: Set<String> = []
        let now: Int64 = 1_700_000_000_000
        for step in 0..<70_000 { seen.insert(maker.next(now: now + Int64(step / 1_000))) }
        #expect(seen.count == 70_000)
        let first = seen.min() ?? ""
        #expect(first.count == 32 && first.hasPrefix("C0000202") && first.dropFirst(12).hasPrefix("DEADBEEF"))
        #expect(first.allSatisfy { $0.isHexDigit && !$0.isLowercase })
        var other = UniqueKeyMaker(address: 0xC000_0202, instance: 1)
        #expect(!seen.contains(other.next(now: now)))
    }

    @Test("bodies survive zlib, and only zlib is undone")
    func compression() throws {
        let body = Array(String(repeating: "flood ", count: 2_000).utf8)
        let packed = try #require(BodyCompression.compress(body))
        #expect(packed.count < body.count / 10)
        #expect(BodyCompression.decompress(packed) == body)
        #expect(BodyCompression.decompress(packed, limit: 100) == nil)
        #expect(BodyCompression.decompress(Array(packed.dropLast(5))) == nil)
        #expect(BodyCompression.decompress([]) == nil)
        #expect(BodyCompression.compress([1, 2, 3]) == nil)
        var stored = StoredMessage(
            topic: "T", queue: 0, queueOffset: 0, physicalOffset: 0, size: 0, flag: 0,
            systemFlag: SystemFlag.compressed | SystemFlag.zlib, bornTimestamp: 0, bornHost: "", storeTimestamp: 0,
            storeHost: "", reconsumeTimes: 0, preparedTransactionOffset: 0, properties: [], body: packed)
        #expect(stored.decompressed().body == body && stored.decompressed().systemFlag == 0)
        stored.systemFlag = SystemFlag.compressed | 0x100
        #expect(stored.decompressed() == stored)
    }

    @Test("numbers and text written are read back, and nothing beyond the end")
    func byteCoding() {
        var writer = ByteWriter()
        writer.put(UInt8(7))
        writer.put(Int64(-1))
        writer.put("gate 水门")
        var reader = ByteReader(writer.bytes)
        #expect(reader.take(UInt8.self) == 7 && reader.take(Int64.self) == -1)
        #expect(reader.takeText() == "gate 水门" && reader.isAtEnd && reader.take(UInt8.self) == nil)
        var short = ByteReader(Array(writer.bytes.dropLast()))
        _ = short.take(UInt8.self)
        _ = short.take(Int64.self)
        #expect(short.takeText() == nil)
    }
}
