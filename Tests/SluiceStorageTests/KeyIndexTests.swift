import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("Looking messages up by key")
struct KeyIndexTests {
    private func bodies(_ harness: BrokerHarness, _ topic: String, _ key: String) throws -> [String] {
        let store = harness.broker.store
        return try store.lookUp(topic: topic, key: key).candidates(limit: 100).compactMap { place in
            let message = try store.reader.record(at: place)?.messages().first
            guard let message, message.topic == topic, message.keys.contains(key) || message.id == key else {
                return nil
            }
            return String(decoding: message.body, as: UTF8.self)
        }
    }

    @Test("newest first, in memory, in sealed files, in merged ones, and after a restart")
    func everywhere() throws {
        let harness = try BrokerHarness()
        var expected: [String] = []
        for round in 0..<5 {
            for k in 0..<40 {
                let keys = ["shared", "key\(k)", "r\(round)"]
                let topic = k % 2 == 0 ? "a" : "b"
                try harness.publish(Message(topic: topic, body: Array("\(round).\(k)".utf8), keys: keys, queue: 0))
                if k == 7 { expected.insert("\(round).7", at: 0) }
            }
            #expect(try bodies(harness, "b", "key7") == expected)
            #expect(try bodies(harness, "a", "key7").isEmpty)
            harness.checkpoint()
            #expect(try bodies(harness, "b", "key7") == expected)
        }
        // Small files were merged into one.
        #expect(harness.disk.paths.count { $0.hasPrefix("index/") } == 1)
        #expect(try bodies(harness, "a", "r3").count == 20)
        try harness.publish(Message(topic: "b", body: Array("hot".utf8), keys: ["key7"], queue: 0))
        try harness.kill()
        #expect(try bodies(harness, "b", "key7") == ["hot"] + expected)
        try harness.restart()
        #expect(try bodies(harness, "b", "key7") == ["hot"] + expected)
        #expect(try bodies(harness, "b", "key").isEmpty)
    }

    @Test("a seal that fails keeps its entries, and the next one has them in order")
    func failedSeal() throws {
        let harness = try BrokerHarness()
        func publish(_ text: String) throws {
            try harness.publish(Message(topic: "t", body: Array(text.utf8), keys: ["k"], queue: 0))
        }
        try publish("1")
        harness.disk.fail("write", on: "index/")
        #expect(harness.checkpoint()?.failure != nil)
        try publish("2")
        #expect(try bodies(harness, "t", "k") == ["2", "1"])
        #expect(harness.checkpoint()?.failure == nil)
        #expect(try bodies(harness, "t", "k") == ["2", "1"])
        try harness.kill()
        #expect(try bodies(harness, "t", "k") == ["2", "1"])
    }

    @Test("sorting keeps the order of equal hashes")
    func sorting() {
        var random = SeededGenerator(seed: 3)
        var entries = (0..<5_000).map { UInt64.random(in: 0..<400, using: &random) << 55 | UInt64($0) }
        let expected = entries.enumerated().sorted { a, b in
            (a.element >> 32, a.offset) < (b.element >> 32, b.offset)
        }.map(\.element)
        KeyIndexFile.sort(&entries)
        #expect(entries == expected)
    }
}
