import SluiceMessage
import SluiceSimulator
import Testing

@Suite("The stored record")
struct RecordTests {
    /// A delayed message of level 1 as an Apache RocketMQ 4.9.8 broker stored it and answered a pull with it.
    static let real = bytes(
        "000000e9daa320a776be638400000001000000000000000000000000000000000000355c00000000000001a20314be1e"
            + "7f00000100008e49000001a20314c2437f000001000078bf000000000000000000000000000000076c6576656c203107"
            + "545f64656c617900805245414c5f544f50494301545f64656c6179024b455953016b643102554e49515f4b4559014330"
            + "30303032303232373030354646443242323736454143443631453030303002434c55535445520144656661756c74436c"
            + "75737465720244454c415901310257414954017472756502544147530141025245414c5f5149440131")

    @Test("fields stand where RocketMQ puts them")
    func layout() throws {
        let message = try Self.real.withUnsafeBytes { raw in try #require(RecordView(raw)).message() }
        #expect(message.size == 233)
        #expect(message.topic == "T_delay")
        #expect(message.queue == 1)
        #expect(message.queueOffset == 0)
        #expect(message.physicalOffset == 0x355C)
        #expect(message.bornTimestamp == 0x1A2_0314_BE1E)
        #expect(message.storeTimestamp == 0x1A2_0314_C243)
        #expect(message.bornHost == "127.0.0.1:36425")
        #expect(message.storeHost == "127.0.0.1:30911")
        #expect(message.body == Array("level 1".utf8))
        #expect(message.tag == "A")
        #expect(message.keys == ["kd1"])
        #expect(message.id == "C000020227005FFD2B276EACD61E0000")
        #expect(message.property("DELAY") == "1")
        #expect(message.offsetID == "7F000001000078BF000000000000355C")
    }

    @Test("encoding gives RocketMQ's bytes, in one piece and with properties in two")
    func encodesTheSameBytes() throws {
        for cut in [0, 11, 128] {
            let encoded = try Self.real.withUnsafeBytes { raw -> [UInt8] in
                let view = try #require(RecordView(raw))
                let first = UnsafeRawBufferPointer(rebasing: view.properties[..<cut])
                let second = UnsafeRawBufferPointer(rebasing: view.properties[cut...])
                return encode(view.header, topic: view.topic, properties: first, more: second, body: view.body).bytes
            }
            #expect(encoded == Self.real)
        }
    }

    @Test("the sum an encoder returns is that of the whole record")
    func sum() {
        let (encoded, sum) = encoded(body: Array("123".utf8), topic: "T", properties: [Property("A", "b")])
        #expect(encoded.withUnsafeBytes(Record.sum) == sum)
        // The check value of CRC-32C.
        #expect(Array("123456789".utf8).withUnsafeBytes(Record.sum) == 0xE306_9283)
    }

    @Test("whatever goes in comes out", arguments: [0, 1, 7, 4_096, 100_000])
    func roundTrip(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let properties = [Property("名", "值 \u{1F30A}"), Property("TAGS", "标签"), Property("KEYS", "a b")]
        let (encoded, _) = encoded(body: body, topic: "%RETRY%group_1", properties: properties)
        #expect(
            encoded.count == Record.size(body: size, topic: 14, properties: PropertyCoding.encode(properties).count))
        let message = try encoded.withUnsafeBytes { raw in try #require(RecordView(raw)).message() }
        #expect(message.body == body)
        #expect(message.properties == properties)
        #expect(message.topic == "%RETRY%group_1")
        #expect(message.keys == ["a", "b"])
        #expect(message.reconsumeTimes == 3)
        #expect(message.preparedTransactionOffset == -7)
        #expect(message.flag == -2)
    }

    @Test("a record cut anywhere is none")
    func truncated() {
        for count in 0..<Self.real.count {
            let whole = Array(Self.real[..<count]).withUnsafeBytes { RecordView($0) != nil }
            #expect(!whole, "cut to \(count) bytes")
        }
    }

    @Test("bytes behind a record do not belong to it")
    func trailing() throws {
        let longer = Self.real + [1, 2, 3]
        try longer.withUnsafeBytes { raw in
            let view = try #require(RecordView(raw))
            #expect(view.size == 233)
            #expect(view.properties.count == 128)
        }
    }

    @Test("changed and random bytes are refused or read within their bounds")
    func randomBytes() {
        var random = SeededGenerator(seed: 1)
        for round in 0..<20_000 {
            var bytes = Self.real
            if round % 4 == 0 {
                bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.withUnsafeBytes { raw in
                guard let view = RecordView(raw) else { return }
                let parts = view.body.count + view.topic.count + view.properties.count + Record.fixedBytes
                #expect(parts == view.size && view.size <= raw.count)
                _ = view.message().keys
            }
        }
    }

    private func encoded(
        body: [UInt8], topic: String, properties: [Property]
    ) -> (bytes: [UInt8], sum: UInt32) {
        let header = RecordHeader(
            queue: 5, flag: -2, queueOffset: 1 << 40, physicalOffset: 1 << 50, systemFlag: 8, bornTimestamp: 1,
            bornHost: HostAddress("1.2.3.4:5"), storeTimestamp: 2, storeHost: HostAddress("255.254.253.252:65535"),
            reconsumeTimes: 3, preparedOffset: -7)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        return Array(topic.utf8).withUnsafeBytes { topic in
            PropertyCoding.encode(properties).withUnsafeBytes { properties in
                body.withUnsafeBytes { encode(header, topic: topic, properties: properties, more: none, body: $0) }
            }
        }
    }

    private func encode(
        _ header: RecordHeader, topic: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer,
        more: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) -> (bytes: [UInt8], sum: UInt32) {
        let size = Record.size(
            body: body.count, topic: topic.count, properties: properties.count + more.count)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { target.deallocate() }
        guard let base = target.baseAddress else { return ([], 0) }
        let sum = Record.encode(
            header, topic: topic, properties: properties, moreProperties: more, body: body, into: base)
        return (Array(target), sum)
    }
}

/// The bytes hex digits stand for.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
}
