import Foundation
import Testing

/// What is done by hand is on record, and a changed record betrays itself.
@Suite struct AuditTests {
    private func entries(_ folder: TestFolder) throws -> [[String: Any]] {
        try Binary.run(["audit", "list", "--json"], folder: folder).objects
    }

    /// Two actions: a topic made, a half committed.
    private func acted() throws -> TestFolder {
        let folder = try TestFolder()
        #expect(
            try Binary.run(["topic", "create", "pay", "--reason", "a \"new\" shop"], folder: folder).status == 0)
        let id = try #require(
            try Binary.run(["publish", "pay", "--transaction", "--body", "x"], folder: folder).lines.first)
        #expect(try Binary.run(["tx", "commit", id, "--yes", "--reason", "the bank"], folder: folder).status == 0)
        return folder
    }

    @Test func bothEndsOfAnActionAreListed() throws {
        let folder = try acted()
        let found = try entries(folder)
        #expect(found.compactMap { $0["number"] as? Int } == [1, 2, 3, 4])
        #expect(found.compactMap { $0["phase"] as? String } == ["before", "after", "before", "after"])
        #expect(found.compactMap { $0["action"] as? String } == ["topic_create", "topic_create", "commit", "commit"])
        #expect(found.allSatisfy { $0["actor"] as? String == NSUserName() })
        let before = try #require(found.first)
        #expect(before["reason"] as? String == "a \"new\" shop")
        #expect(before["state"] as? String == "no such topic")
        #expect(before["begun"] is NSNull && before["outcome"] is NSNull)
        #expect(before["previous"] as? String == String(repeating: "0", count: 64))
        let after = found[3]
        #expect(after["begun"] as? Int == 3)
        #expect((after["outcome"] as? String)?.hasPrefix("done: ") == true)
        #expect(after["previous"] as? String == found[2]["hash"] as? String)
        let newest = try Binary.run(["audit", "list", "--limit", "1", "--json"], folder: folder).objects
        #expect(newest.compactMap { $0["number"] as? Int } == [4])
        let middle = try Binary.run(["audit", "list", "--from", "2", "--limit", "2", "--json"], folder: folder).objects
        #expect(middle.compactMap { $0["number"] as? Int } == [2, 3])
        let text = try Binary.run(["audit", "list"], folder: folder).text
        #expect(text.contains("topic_create") && text.contains("4 of 4 entries"))
    }

    @Test func whatFailedAndWhatWasOnlyTried() throws {
        let folder = try acted()
        #expect(try Binary.run(["topic", "create", "pay"], folder: folder).status == 4)
        #expect((try entries(folder).last?["outcome"] as? String)?.contains("exists") == true)
        let tried = try Binary.run(["topic", "delete", "pay", "--dry-run", "--json"], folder: folder)
        #expect(tried.status == 0, "\(tried.errors)")
        #expect(try tried.objects.first?["done"] as? Bool == false)
        #expect(try Binary.run(["topic", "show", "pay"], folder: folder).status == 0)
        #expect(try Binary.run(["topic", "delete", "pay"], folder: folder).status == 6)
        #expect(try entries(folder).count == 6)
    }

    @Test func theSystemProvesWhoAttaches() throws {
        let folder = try acted()
        let owner = try Binary.start(["consume", "pay", "--group", "g", "--raw"], folder: folder)
        try owner.waitForOutput { !$0.isEmpty }
        #expect(try Binary.run(["topic", "create", "other"], folder: folder).status == 0)
        let last = try #require(try entries(folder).last)
        #expect(last["proven"] as? Bool == true)
        #expect(last["actor"] as? String == NSUserName())
        let verified = try Binary.run(["audit", "verify", "--json"], folder: folder)
        #expect(try verified.objects.first?["holds"] as? Bool == true)
        owner.send(SIGTERM)
        _ = try owner.finish()
    }

    @Test func aChangedEntryIsFound() throws {
        let folder = try acted()
        let sound = try Binary.run(["audit", "verify", "--json"], folder: folder)
        #expect(sound.status == 0, "\(sound.errors)")
        let found = try #require(try sound.objects.first)
        #expect(found["holds"] as? Bool == true)
        #expect(found["entries"] as? Int == 4)
        #expect(found["head"] as? String == (try entries(folder)).last?["hash"] as? String)
        #expect((found["unfinished"] as? [Int])?.isEmpty == true)
        let path = folder.data + "/audit.jsonl"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try Data(text.replacing("the bank", with: "the cook", maxReplacements: 1).utf8).write(to: URL(filePath: path))
        let broken = try Binary.run(["audit", "verify", "--json"], folder: folder)
        #expect(broken.status == 1)
        #expect(broken.errors.contains("entry 3"))
        #expect(try broken.objects.first?["broken_at"] as? Int == 3)
        // A line that is gone.
        let lines = text.split(separator: "\n")
        let rest = ([lines[0]] + lines[2...]).map { $0 + "\n" }.joined()
        try Data(rest.utf8).write(to: URL(filePath: path))
        let removed = try Binary.run(["audit", "verify"], folder: folder)
        #expect(removed.status == 1)
        #expect(removed.errors.contains("removed"))
        #expect(try Binary.run(["topic", "list"], folder: folder).status == 0, "the broker opens all the same")
    }

    /// The documentation's recipe: the hash of a line without its hash.
    @Test func theHashCanBeMadeByOtherTools() throws {
        let folder = try acted()
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
            "-c", "sed -n '2{s/,\"hash\":\"[0-9a-f]*\"}/}/;p}' \"$0\" | tr -d '\\n' | sha256sum > \"$1\"",
            folder.data + "/audit.jsonl", folder.path + "/sum",
        ]
        try shell.run()
        shell.waitUntilExit()
        let sum = try String(contentsOfFile: folder.path + "/sum", encoding: .utf8).prefix(64)
        #expect(try entries(folder)[1]["hash"] as? String == String(sum))
    }
}
