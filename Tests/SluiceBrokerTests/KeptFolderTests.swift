import Foundation
import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

/// Folders of every released format, in Tests/Folders, open for ever.
@Suite("Folders of earlier versions")
struct KeptFolderTests {
    /// When the folder was written, epoch ms.
    private static let written: Int64 = 1_795_537_047_000

    @Test(
        "version 1: topics, offsets, delays, halves, limits and the audit are as they were written",
        arguments: [false, true])
    func first(isRebuilt: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sluice-kept-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Folders/1").path()
        try FileManager.default.copyItem(atPath: source, toPath: folder)
        if isRebuilt { try FileManager.default.removeItem(atPath: folder + "/checkpoint") }
        let disk = RealDisk(root: folder)
        try DataFolder.check(disk)
        let broker = try Broker.open(
            disk: disk, storeOptions: StoreOptions(), options: BrokerOptions(), now: Self.written)
        #expect(broker.recovery.rebuilt == isRebuilt && broker.recovery.damaged.isEmpty)
        #expect(broker.topics["orders"]?.config.readQueues == 2 && broker.topics["short"] == nil)
        #expect(broker.publishLimits() == ["orders": 100])
        #expect(broker.committed("billing", [QueueID("orders", 0), QueueID("orders", 1)]) == [1, 1])
        #expect(try broker.gates("billing").first?.setting == .limited(perSecond: 25))
        #expect(broker.delays(DelayQuery(limit: 10)).items.map(\.keys) == [["level"], ["later"]])
        #expect(broker.halfPage(skip: 0, limit: 10).items.map(\.keys) == [["half"]])
        let box = ReplyBox()
        broker.handle(.browse(QueueID("orders", 1), from: 0, limit: 10), box.reply)
        guard case .units(let source, let reader) = box.response else {
            Issue.record("\(String(describing: box.response))")
            return
        }
        let messages = try reader.fetch(source.load()[...], maxBytes: 1 << 20).messages()
        #expect(messages.map { String(decoding: $0.body, as: UTF8.self) } == ["order 1", "order 3", "committed"])
        guard case .auditVerified(let chain) = try AuditReading.verified(broker) else {
            Issue.record("no verification")
            return
        }
        #expect(chain.entries == 10 && chain.brokenAt == nil && chain.unfinished.isEmpty)
    }
}

extension AuditReading {
    fileprivate static func verified(_ broker: Broker) throws -> OperatorAnswer {
        let box = ReplyBox()
        broker.handle(.question(.verifyAudit), box.reply)
        guard case .audit(let reading) = box.response else { throw APIError(.failed, "no audit") }
        return try reading.answer()
    }
}
