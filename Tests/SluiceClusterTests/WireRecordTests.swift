import SluiceAPI
import SluiceMessage
import SluiceStorage
import Testing

@testable import SluiceCluster

@Suite struct WireRecordTests {
    private static let message = StoredMessage(
        topic: "T", queue: 3, queueOffset: 7, physicalOffset: 1_000, size: 0, flag: 5, systemFlag: 0,
        bornTimestamp: 1, bornHost: "1.2.3.4:5", storeTimestamp: 2, storeHost: "6.7.8.9:10", reconsumeTimes: 0,
        preparedTransactionOffset: 0, properties: [Property("TAGS", "a")], body: Array("hello".utf8))

    /// A record with IPv6 hosts, as brokers on such addresses store it.
    private static var wide: [UInt8] {
        var bytes = message.record()
        bytes.replaceSubrange(64..<72, with: [UInt8](repeating: 0xFE, count: 16) + [0, 0, 0, 10])
        bytes.replaceSubrange(48..<56, with: [UInt8](repeating: 0xFD, count: 16) + [0, 0, 0, 5])
        bytes[39] |= 0x30
        bytes[3] += 24
        return bytes
    }

    private static func read(_ bytes: [UInt8], broker: Int) throws -> [StoredMessage] {
        try bytes.withUnsafeBytes { try WireRecords.fetch($0, next: 8, broker: broker) }.messages()
    }

    @Test func aQueueTellsItsBroker() throws {
        let bytes = Self.message.record() + Self.message.record()
        #expect(try Self.read(bytes, broker: 0).map(\.queue) == [3, 3])
        let read = try Self.read(bytes, broker: 2)
        #expect(read.map(\.queue) == [2 << 16 | 3, 2 << 16 | 3])
        #expect(read.allSatisfy { $0.body == Self.message.body && $0.tag == "a" && $0.storeHost == "6.7.8.9:10" })
    }

    @Test func wideHostsAreRead() throws {
        let read = try Self.read(Self.wide + Self.message.record(), broker: 0)
        #expect(read.count == 2)
        #expect(read[0].body == Self.message.body && read[0].topic == "T" && read[0].tag == "a")
        #expect(read[0].storeHost == "0.0.0.0:10" && read[0].storeTimestamp == 2)
    }

    /// Whatever the bytes: an error, or all of the records.
    @Test func noBytesCrashAndNoneAreDropped() {
        let whole = Self.wide + Self.message.record()
        for cut in 1..<whole.count where cut != Self.wide.count {
            #expect(throws: APIError.self) { try Self.read(Array(whole.prefix(cut)), broker: 1) }
        }
        for place in 0..<whole.count {
            for value: UInt8 in [0, 0x7F, 0xFF] {
                var bytes = whole
                bytes[place] = value
                _ = try? Self.read(bytes, broker: 1)
                _ = try? Self.read(bytes, broker: 0)
            }
        }
    }
}
