import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Consume queues")
struct QueueTests {
    @Test("500 queues hold what a list would, whatever happens between", arguments: CommitSeed.with([1, 2]))
    func model(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let harness = try BrokerHarness(segmentBytes: 256 << 10)
        try harness.ask(.updateTopic(TopicConfig(name: "wide", readQueues: 500, writeQueues: 500), mustBeNew: true))
        var model = [[String]](repeating: [], count: 500)
        var number = 0
        for step in 0..<60 {
            var batch: [Message] = []
            for _ in 0..<Int.random(in: 1...150, using: &random) {
                // A few queues get most of it.
                let queue =
                    Bool.random(using: &random)
                    ? Int.random(in: 0..<4, using: &random) : Int.random(in: 0..<500, using: &random)
                batch.append(Message(topic: "wide", body: Array("\(number)".utf8), queue: queue))
                model[queue].append("\(number)")
                number += 1
            }
            try harness.publish(batch)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1: harness.checkpoint()
            case 2: try harness.kill()
            case 3: try harness.restart()
            case 4: try harness.crash(seed: UInt64(step))
            default: break
            }
            for _ in 0..<5 {
                let queue = Int.random(in: 0..<8, using: &random)
                let from = Int.random(in: 0...model[queue].count, using: &random)
                let limit = Int.random(in: 1...100, using: &random)
                let pulled = try harness.pull("wide", queue: queue, from: Int64(from), limit: limit)
                #expect(pulled.texts == Array(model[queue][from...].prefix(limit)), "step \(step), queue \(queue)")
            }
        }
        for queue in 0..<500 { #expect(try harness.texts("wide", queue: queue) == model[queue]) }
    }

    @Test("room given back by a deleted topic is used again once, also across a restart")
    func reusedRoom() throws {
        let harness = try BrokerHarness()
        for k in 0..<10 { try harness.publish("gone", "g\(k)") }
        harness.checkpoint()
        try harness.ask(.deleteTopic("gone"))
        for k in 0..<10 { try harness.publish("first", "f\(k)") }
        harness.checkpoint()
        for k in 0..<10 { try harness.publish("second", "s\(k)") }
        harness.checkpoint()
        try harness.restart()
        for k in 0..<10 { try harness.publish("third", "t\(k)") }
        try harness.restart()
        for k in 0..<10 { try harness.publish("fourth", "u\(k)") }
        try harness.restart()
        for (topic, letter) in [("first", "f"), ("second", "s"), ("third", "t"), ("fourth", "u")] {
            #expect(try harness.texts(topic) == (0..<10).map { "\(letter)\($0)" })
        }
        // Four queues of one small chunk each.
        #expect(try #require(harness.disk.contents("queues/extents")).count <= 5 * 16 * QueueUnit.bytes)
    }

    @Test(
        "a checkpoint that fails is made up for by the next one",
        arguments: ["queues/extents", "queues/journal", "checkpoint"])
    func failedCheckpoint(path: String) throws {
        let harness = try BrokerHarness()
        for k in 0..<40 { try harness.publish("t", "m\(k)", queue: k % 2) }
        harness.disk.fail("write", on: path)
        #expect(harness.checkpoint()?.failure != nil)
        #expect(try harness.texts("t").count == 20)
        for k in 40..<50 { try harness.publish("t", "m\(k)", queue: k % 2) }
        #expect(harness.checkpoint()?.failure == nil)
        try harness.kill()
        for queue in 0..<2 {
            #expect(try harness.texts("t", queue: queue) == (0..<50).filter { $0 % 2 == queue }.map { "m\($0)" })
        }
    }

    @Test("after closing in order nothing is read again")
    func cleanStart() throws {
        let harness = try BrokerHarness()
        for k in 0..<100 { try harness.publish("t", "m\(k)") }
        try harness.restart()
        #expect(harness.broker.recovery.clean && harness.broker.recovery.records == 0)
        #expect(harness.broker.recovery.scannedBytes == 0)
        #expect(harness.broker.recovery.text == "closed in order, nothing to recover")
        try harness.publish("t", "one more")
        try harness.kill()
        #expect(harness.broker.recovery.records == 1 && !harness.broker.recovery.clean)
        #expect(try harness.texts("t").count == 101)
    }
}
