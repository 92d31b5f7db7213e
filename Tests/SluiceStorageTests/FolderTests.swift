import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceStorage

@Suite("The data folder and its disk")
struct FolderTests {
    private func refusal(_ disk: SimulatedDisk, create: Bool = true) -> String? {
        do throws(DiskError) {
            _ = try DataFolder.open(disk, create: create, newIdentity: "x")
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a folder keeps its identity")
    func identity() throws {
        let disk = SimulatedDisk()
        #expect(try DataFolder.open(disk, create: true, newIdentity: "one").identity == "one")
        disk.crash(seed: 1)
        #expect(try DataFolder.open(disk, create: true, newIdentity: "two").identity == "one")
    }

    @Test("a newer format, a foreign folder and an empty one are refused with a sentence, and not touched")
    func refusals() throws {
        let disk = SimulatedDisk()
        disk.setContents("format", Array("sluice data folder\nversion 9\nidentity a\n".utf8))
        #expect(refusal(disk)?.contains("version 9") == true)
        disk.setContents("format", Array("something else\n".utf8))
        #expect(refusal(disk)?.contains("not one of Sluice's") == true)
        disk.setContents("format", Array("sluice data folder\nidentity a\n".utf8))
        #expect(refusal(disk)?.contains("no version") == true)
        let foreign = SimulatedDisk()
        foreign.setContents("thesis.txt", [1])
        #expect(refusal(foreign)?.contains("not a data folder of Sluice") == true)
        #expect(foreign.paths == ["thesis.txt"] && foreign.changes == 0)
        #expect(refusal(SimulatedDisk(), create: false)?.contains("nothing in it yet") == true)
    }

    @Test("a log without its format file is not taken for an empty folder")
    func lostFormat() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m")
        harness.close()
        harness.disk.delete { $0 == "format" }
        #expect(refusal(harness.disk)?.contains("not a data folder") == true)
    }

    @Test("a start that was cut short in any place is finished by the next")
    func cutShort() throws {
        for calls in 0..<12 {
            let disk = SimulatedDisk()
            disk.stop(after: calls)
            _ = refusal(disk)
            disk.kill()
            #expect(refusal(disk) == nil, "after \(calls) calls")
        }
    }

    @Test("a read-only disk is refused with the system's reason")
    func readOnly() throws {
        let harness = try BrokerHarness()
        try harness.publish("t", "m")
        harness.close()
        harness.disk.kill()
        harness.disk.isReadOnly = true
        #expect(throws: DiskError.self) {
            harness.disk.delete { $0 == "checkpoint" }
            try harness.reopen()
        }
        harness.disk.isReadOnly = false
        try harness.reopen()
        #expect(try harness.texts("t") == ["m"])
    }

    @Test(
        "on a full disk publishing is refused, reads go on, and it recovers when there is room",
        arguments: [true, false])
    func full(durable: Bool) throws {
        let disk = SimulatedDisk()
        disk.capacity = 24 << 20
        let harness = try BrokerHarness(disk, durable: durable, segmentBytes: 8 << 20)
        let body = [UInt8](repeating: 1, count: 48 << 10)
        var taken = 0
        var refused: APIError?
        while refused == nil, taken < 1_000 {
            do {
                try harness.publish(Message(topic: "t", body: body, queue: 0))
                taken += 1
            } catch let error as APIError {
                refused = error
            }
        }
        #expect(taken > 20)
        #expect(refused?.code == .unavailable && refused?.message.contains("free") == true)
        #expect(harness.broker.store.broken == nil)
        #expect(try harness.pull("t").messages.count == taken)
        try harness.commit("g", "t", 3)
        #expect(try harness.status().refusing != nil)
        harness.advance(5_000)
        #expect(throws: APIError.self) { try harness.publish(Message(topic: "t", body: body, queue: 0)) }
        disk.capacity = 64 << 20
        harness.advance(2_000)
        #expect(try harness.status().refusing == nil)
        try harness.publish(Message(topic: "t", body: body, queue: 0))
        try harness.kill()
        #expect(try harness.pull("t").messages.count == taken + 1)
        #expect(try harness.committed("g", "t") == 3)
    }
}
