import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("The commit log")
struct LogTests {
    @Test("what is appended is read back, by queue and by place")
    func readBack() throws {
        let harness = try BrokerHarness()
        var stored: [BrokerHarness.Stored] = []
        for k in 0..<300 { stored.append(try harness.publish("orders", "order \(k)", queue: k % 3)) }
        for queue in 0..<3 {
            let pulled = try harness.pull("orders", queue: queue)
            #expect(pulled.texts == (0..<100).map { "order \($0 * 3 + queue)" })
            #expect(pulled.messages.map(\.queueOffset) == (0..<100).map { Int64($0) })
            #expect(pulled.damaged.isEmpty)
        }
        let record = try #require(try harness.broker.store.reader.record(at: stored[150].physicalOffset))
        #expect(record.messages().map(\.body) == [Array("order 150".utf8)])
        #expect(try harness.broker.store.reader.record(at: stored[150].physicalOffset + 1) == nil)
    }

    @Test("a record that does not fit ends its segment with a filler and starts the next one")
    func roll() throws {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        var expected: [String] = []
        var last: Int64 = 0
        for k in 0..<60 {
            let text = String(repeating: Character(UnicodeScalar(97 + UInt8(k % 26))), count: 700 + k)
            expected.append(text)
            last = try harness.publish("orders", text).physicalOffset
        }
        #expect(last > 5 * 8_192)
        #expect(try harness.texts("orders") == expected)
        for segment in 0..<5 {
            let bytes = try #require(harness.disk.contents("commitlog/" + SegmentSet.name(Int64(segment) * 8_192)))
            let filler = try #require(
                (0..<8_184).first { Array(bytes[($0 + 4)..<($0 + 8)]) == [0xCB, 0xD4, 0x31, 0x94] })
            let length = bytes[filler..<(filler + 4)].reduce(0) { $0 << 8 | Int($1) }
            #expect(filler + length == 8_192)
        }
        try harness.kill()
        #expect(harness.broker.recovery.damaged.isEmpty && harness.broker.recovery.records == 60)
        #expect(try harness.texts("orders") == expected)
        #expect(try harness.publish("orders", "next").queueOffset == 60)
    }

    @Test("the largest body is taken, a larger one is not, and both are told apart from what follows")
    func largest() throws {
        let harness = try BrokerHarness(segmentBytes: 8 << 20)
        let body = [UInt8](repeating: 7, count: Limits.maxBodyBytes)
        try harness.publish(Message(topic: "big", body: body, queue: 0))
        #expect(throws: (any Error).self) {
            try harness.publish(Message(topic: "big", body: body + [1], queue: 0))
        }
        try harness.publish("big", "small")
        try harness.kill()
        let pulled = try harness.pull("big")
        #expect(pulled.messages.map(\.body.count) == [Limits.maxBodyBytes, 5])
        #expect(pulled.messages.first?.body == body)
    }

    @Test("nothing is seen or acknowledged before the disk has it")
    func confirmation() throws {
        let harness = try BrokerHarness()
        try harness.publish("orders", "first")
        let sending = harness.send([Message(topic: "orders", body: Array("second".utf8), queue: 0)])
        #expect(!sending.isAnswered)
        let box = harness.begin(
            .pull(.init(group: "g", queue: QueueID("orders", 0), offset: 0, limit: 10, filter: .all)))
        guard case .pulled(let answer) = box.response else { throw DiskError("pull", "", reason: "no answer") }
        #expect(answer.maxOffset == 1)
        #expect(try BrokerHarness.read(answer).texts == ["first"])
        harness.settle()
        #expect(sending.isAnswered)
        #expect(try harness.texts("orders") == ["first", "second"])
    }

    @Test("a failed write stops the log, says so to everybody who waits, and loses nothing confirmed")
    func brokenLog() throws {
        let harness = try BrokerHarness()
        try harness.publish("orders", "safe")
        harness.disk.fail("write", on: "commitlog/")
        let sending = harness.send([Message(topic: "orders", body: [1], queue: 0)])
        let commit = harness.begin(.commit([.init(group: "g", queue: QueueID("orders", 0), offset: 1)]))
        harness.settle()
        #expect(throws: (any Error).self) { try sending.stored() }
        guard case .failed(let error) = commit.response else {
            Issue.record("the commit was not answered with a failure")
            return
        }
        #expect(error.message.contains("the log cannot be written"))
        #expect(throws: (any Error).self) { try harness.publish("orders", "later") }
        #expect(try harness.texts("orders") == ["safe"])
        try harness.kill()
        #expect(try harness.texts("orders").first == "safe")
        try harness.publish("orders", "again")
        #expect(try harness.texts("orders").last == "again")
    }
}
