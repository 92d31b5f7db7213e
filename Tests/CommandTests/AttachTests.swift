import Foundation
import Testing

/// Several processes on one data folder: the first owns it, the others attach to it.
@Suite struct AttachTests {
    /// A consumer that owns the folder and has printed what it was to print.
    private func owner(_ folder: TestFolder) throws -> Running {
        _ = try Binary.run(["publish", "t", "--body", "first"], folder: folder)
        let owner = try Binary.start(["consume", "t", "--group", "g", "--raw"], folder: folder)
        try owner.waitForOutput { $0 == Data("first".utf8) }
        return owner
    }

    @Test func whatOneProcessPublishesTheOwnerShows() throws {
        let folder = try TestFolder()
        let owner = try owner(folder)
        let lines = (0..<3_000).map { "line \($0)" }.joined(separator: "\n")
        let published = try Binary.run(["publish", "t"], input: Data(lines.utf8), folder: folder)
        #expect(published.status == 0, "\(published.errors)")
        #expect(published.lines.count == 3_000)
        try owner.waitForOutput { $0 == Data(("first" + lines).utf8) }
        owner.send(SIGTERM)
        #expect(try owner.finish().status == 143)
        // The socket went with its owner, and the folder is free.
        #expect(!FileManager.default.fileExists(atPath: folder.data + "/socket"))
    }

    @Test func verbsLookAndActThroughTheOwner() throws {
        let folder = try TestFolder()
        let owner = try owner(folder)
        #expect(try Binary.run(["topic", "create", "pay", "--queues", "2"], folder: folder).status == 0)
        let topics = try Binary.run(["topic", "list", "--json"], folder: folder).objects
        #expect(topics.compactMap { $0["topic"] as? String ?? $0["name"] as? String }.contains("pay"))
        let half = try Binary.run(
            ["publish", "pay", "--transaction", "--group", "pg", "--body", "x", "--json"], folder: folder)
        let id = try #require(half.objects.first?["id"] as? String)
        let first = try Binary.run(["tx", "commit", id, "--yes"], folder: folder)
        #expect(first.status == 0, "\(first.errors)")
        let second = try Binary.run(["tx", "rollback", id, "--yes"], folder: folder)
        #expect(second.status == 4, "the refusal comes through as the conflict it is")
        let delayed = try Binary.run(["publish", "pay", "--delay", "1h", "--body", "later"], folder: folder)
        #expect(delayed.status == 0)
        #expect(try Binary.run(["delay", "list", "--json"], folder: folder).objects.count == 1)
        let again = try Binary.run(["consume", "pay", "--group", "h", "--raw", "--until-empty"], folder: folder)
        #expect(again.text == "x")
        owner.send(SIGTERM)
        _ = try owner.finish()
    }

    @Test func anAttachedProcessSaysWhenTheOwnerIsGone() throws {
        let folder = try TestFolder()
        let owner = try owner(folder)
        let attached = try Binary.start(["consume", "t", "--group", "other", "--raw"], folder: folder)
        try attached.waitForOutput { $0 == Data("first".utf8) }
        owner.send(SIGKILL)
        _ = try owner.finish()
        let outcome = try attached.finish()
        #expect(outcome.status == 5)
        #expect(outcome.errors.contains("gone"))
    }
}
