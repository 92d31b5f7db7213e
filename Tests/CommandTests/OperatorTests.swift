import Foundation
import Testing

/// Verbs for what only a hand can do: delays, dead letters, messages, gates, replays.
@Suite struct OperatorTests {
    private func delayed(_ folder: TestFolder) throws -> String {
        let published = try Binary.run(["publish", "t", "--delay", "1h", "--body", "later"], folder: folder)
        return try #require(published.lines.first)
    }

    private func listed(_ folder: TestFolder) throws -> [[String: Any]] {
        try Binary.run(["delay", "list", "--json"], folder: folder).objects
    }

    private func consumed(_ folder: TestFolder, _ topic: String = "t") throws -> String {
        try Binary.run(["consume", topic, "--group", "g", "--raw", "--until-empty"], folder: folder).text
    }

    @Test func aDelayIsCancelled() throws {
        let folder = try TestFolder()
        let id = try delayed(folder)
        let unconfirmed = try Binary.run(["delay", "cancel", id], folder: folder)
        #expect(unconfirmed.status == 6, "\(unconfirmed.errors)")
        let tried = try Binary.run(["delay", "cancel", id, "--dry-run", "--json"], folder: folder)
        #expect(tried.status == 0, "\(tried.errors)")
        #expect(try tried.objects.first?["done"] as? Bool == false)
        #expect(try listed(folder).count == 1)
        let cancelled = try Binary.run(
            ["delay", "cancel", id, "--topic", "t", "--yes", "--reason", "sold out", "--json"], folder: folder)
        #expect(cancelled.status == 0, "\(cancelled.errors)")
        let outcome = try #require(try cancelled.objects.first)
        #expect(outcome["done"] as? Bool == true)
        #expect(outcome["id"] as? String == id)
        #expect(try listed(folder).isEmpty)
        #expect([3, 4].contains(try Binary.run(["delay", "cancel", id, "--yes"], folder: folder).status))
        #expect(try consumed(folder).isEmpty)
        let audited = try Binary.run(["audit", "list", "--json"], folder: folder).objects
        #expect(audited.contains { $0["action"] as? String == "delay_cancel" && $0["reason"] as? String == "sold out" })
    }

    @Test func aDelayIsMovedAndDelivered() throws {
        let folder = try TestFolder()
        let id = try delayed(folder)
        let moved = try Binary.run(["delay", "reschedule", id, "--in", "2h", "--json"], folder: folder)
        #expect(moved.status == 0, "\(moved.errors)")
        let due = try #require(try listed(folder).first?["due_ms"] as? Int)
        #expect(abs(Double(due) / 1_000 - Date().timeIntervalSince1970 - 7_200) < 120)
        #expect(try moved.objects.first?["due_ms"] as? Int == due)
        let now = try Binary.run(["delay", "now", id], folder: folder)
        #expect(now.status == 0, "\(now.errors)")
        #expect(try listed(folder).isEmpty)
        #expect(try consumed(folder) == "later")
        #expect([3, 4].contains(try Binary.run(["delay", "now", id], folder: folder).status))
    }

    @Test func aHalfIsCheckedAgain() throws {
        let folder = try TestFolder()
        let half = try Binary.run(["publish", "t", "--transaction", "--body", "x"], folder: folder)
        let id = try #require(half.lines.first)
        let checked = try Binary.run(["tx", "recheck", id, "--json"], folder: folder)
        #expect(checked.status == 0, "\(checked.errors)")
        #expect(try checked.objects.first?["id"] as? String == id)
        let tried = try Binary.run(["tx", "commit", id, "--dry-run", "--json"], folder: folder)
        #expect(tried.status == 0, "\(tried.errors)")
        #expect(try tried.objects.first?["done"] as? Bool == false)
        #expect(try Binary.run(["tx", "list", "--json"], folder: folder).objects.count == 1)
    }

    @Test func deadLettersAreListedExportedAndSentAgain() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "seen"], folder: folder)
        #expect(try consumed(folder) == "seen")
        let none = try Binary.run(["dlq", "list", "g", "--json"], folder: folder)
        #expect(none.status == 0 && none.output.isEmpty, "\(none.errors)")
        _ = try Binary.run(["publish", "%DLQ%g", "--queue", "0", "--key", "k", "--body", "one"], folder: folder)
        let bytes = folder.path + "/body"
        try Data([0xC3, 0x28]).write(to: URL(filePath: bytes))
        _ = try Binary.run(["publish", "%DLQ%g", "--queue", "0", "--body-file", bytes], folder: folder)
        let listed = try Binary.run(["dlq", "list", "g", "--json"], folder: folder).objects
        #expect(listed.compactMap { $0["offset"] as? Int } == [0, 1])
        let exported = try Binary.run(["dlq", "export", "g"], folder: folder)
        #expect(exported.status == 0, "\(exported.errors)")
        let letters = try exported.objects
        #expect(letters.count == 2 && letters[0]["body"] as? String == "one")
        #expect(letters[0]["keys"] as? [String] == ["k"])
        #expect(letters[1]["body"] == nil && letters[1]["body_base64"] as? String == "wyg=")
        let file = folder.path + "/letters.jsonl"
        let written = try Binary.run(["dlq", "export", "g", "--file", file, "--json"], folder: folder)
        #expect(try written.objects.first?["count"] as? Int == 2)
        #expect(try Data(contentsOf: URL(filePath: file)) == exported.output)
        #expect(try Binary.run(["dlq", "export", "g", "--file", file], folder: folder).status == 6)
        #expect(try Binary.run(["dlq", "resend", "g", "--all"], folder: folder).status == 6)
        #expect(try Binary.run(["dlq", "resend", "g", "--all", "--to", "again", "--yes"], folder: folder).status == 3)
        _ = try Binary.run(["topic", "create", "again"], folder: folder)
        let resent = try Binary.run(
            ["dlq", "resend", "g", "--offset", "0", "--to", "again", "--yes", "--json"], folder: folder)
        #expect(resent.status == 0, "\(resent.errors)")
        #expect((try resent.objects.first?["stored"] as? [[String: Any]])?.count == 1)
        #expect(try consumed(folder, "again") == "one")
    }

    @Test func messagesAreShownFoundAndStoredAgain() throws {
        let folder = try TestFolder()
        let published = try Binary.run(["publish", "t", "--key", "k", "--body", "once", "--json"], folder: folder)
        let receipt = try #require(try published.objects.first)
        let id = try #require(receipt["id"] as? String)
        for name in [id, try #require(receipt["offset_id"] as? String)] {
            let shown = try Binary.run(["message", "show", name, "--json"], folder: folder)
            #expect(shown.status == 0, "\(shown.errors)")
            #expect(try shown.objects.first?["body"] as? String == "once")
        }
        let details = try Binary.run(["message", "show", id, "--topic", "t"], folder: folder).text
        #expect(details.contains(id) && details.hasSuffix("once\n"))
        let found = try Binary.run(["message", "find", "t", "k", "--json"], folder: folder).objects
        #expect(found.count == 1 && found[0]["id"] as? String == id)
        #expect(try Binary.run(["message", "find", "t", "other"], folder: folder).status == 3)
        _ = try Binary.run(["topic", "create", "copy"], folder: folder)
        let again = try Binary.run(["replay", "message", id, "--to", "copy", "--json"], folder: folder)
        #expect(again.status == 0, "\(again.errors)")
        #expect(try consumed(folder, "copy") == "once")
    }

    @Test func aRangeIsReplayed() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t"], input: Data("1\n2\n3\n".utf8), folder: folder)
        _ = try Binary.run(["topic", "create", "copy"], folder: folder)
        let arguments = ["replay", "t", "--from", "-1h", "--to", "+1h", "--target", "copy", "--speed", "0", "--json"]
        let tried = try Binary.run(arguments + ["--dry-run"], folder: folder)
        #expect(tried.status == 0, "\(tried.errors)")
        let replayed = try Binary.run(arguments, folder: folder)
        #expect(replayed.status == 0, "\(replayed.errors)")
        let replay = try #require(try replayed.objects.first)
        #expect(replay["state"] as? String == "done")
        #expect(replay["replayed"] as? Int == 3 && replay["total"] as? Int == 3)
        #expect(try consumed(folder, "copy") == "1\n2\n3\n")
    }

    @Test func aGateIsClosedAndReleased() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "x"], folder: folder)
        #expect(try consumed(folder) == "x")
        let limited = try Binary.run(["gate", "limit", "g", "12.5", "--json"], folder: folder)
        #expect(limited.status == 0, "\(limited.errors)")
        #expect(try limited.objects.first?["limit_per_second"] as? Double == 12.5)
        #expect(try Binary.run(["gate", "pause", "g"], folder: folder).status == 0)
        let shown = try Binary.run(["gate", "show", "--json"], folder: folder).objects
        #expect(shown.compactMap { $0["gate"] as? String } == ["paused"])
        #expect(try Binary.run(["gate", "release", "g"], folder: folder).status == 0)
        #expect(try Binary.run(["gate", "show", "--json"], folder: folder).objects.isEmpty)
        #expect(try Binary.run(["gate", "publish-limit", "t", "5"], folder: folder).status == 0)
        let limits = try Binary.run(["gate", "publish-limit", "--json"], folder: folder).objects
        #expect(limits.count == 1 && limits[0]["per_second"] as? Double == 5)
        #expect(try Binary.run(["gate", "publish-limit", "t", "off"], folder: folder).status == 0)
        #expect(try Binary.run(["gate", "publish-limit", "--json"], folder: folder).objects.isEmpty)
    }
}
