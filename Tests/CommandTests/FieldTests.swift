import Foundation
import Testing

/// What `--json` promises.
@Suite struct FieldTests {
    @Test func aMessageHasItsFields() throws {
        let folder = try TestFolder()
        let published = try Binary.run(
            [
                "publish", "orders", "--tag", "paid", "--key", "order-1", "--key", "user-2", "--property",
                "colour=blue",
                "--queue", "3", "--body", "héllo \"中文\"\u{1}", "--json",
            ], folder: folder)
        let receipt = try #require(try published.objects.first)
        #expect(receipt["state"] as? String == "stored")
        #expect(receipt["queue"] as? Int == 3)
        #expect(receipt["offset"] as? Int == 0)
        let consumed = try Binary.run(["consume", "orders", "--group", "g", "--json", "--count", "1"], folder: folder)
        let message = try #require(try consumed.objects.first)
        #expect(message["id"] as? String == receipt["id"] as? String)
        #expect(message["offset_id"] as? String == receipt["offset_id"] as? String)
        #expect(message["topic"] as? String == "orders")
        #expect(message["tag"] as? String == "paid")
        #expect(message["keys"] as? [String] == ["order-1", "user-2"])
        #expect((message["properties"] as? [String: Any])?["colour"] as? String == "blue")
        #expect(message["body"] as? String == "héllo \"中文\"\u{1}")
        let stored = try #require(message["stored_ms"] as? Int)
        #expect(abs(Double(stored) / 1000 - Date().timeIntervalSince1970) < 120)
        #expect((message["stored"] as? String)?.contains("T") == true)
    }

    @Test func bytesThatAreNotTextComeAsBase64() throws {
        let folder = try TestFolder()
        let body = Data([0xC3, 0x28, 0x00])
        try body.write(to: URL(filePath: folder.path + "/body"))
        _ = try Binary.run(["publish", "t", "--body-file", folder.path + "/body"], folder: folder)
        let message = try #require(
            try Binary.run(["consume", "t", "--group", "g", "--json", "--count", "1"], folder: folder).objects.first)
        #expect(message["body"] == nil)
        #expect(Data(base64Encoded: try #require(message["body_base64"] as? String)) == body)
    }

    @Test func topicsAreCreatedShownListedAndDeleted() throws {
        let folder = try TestFolder()
        let created = try Binary.run(["topic", "create", "pay", "--queues", "4", "--json"], folder: folder)
        #expect(created.status == 0, "\(created.errors)")
        #expect(try created.objects.first?["read_queues"] as? Int == 4)
        let again = try Binary.run(["topic", "create", "pay"], folder: folder)
        #expect(again.status == 4, "\(again.errors)")
        let shown = try #require(try Binary.run(["topic", "show", "pay", "--json"], folder: folder).objects.first)
        #expect((shown["queues"] as? [[String: Any]])?.count == 4)
        let listed = try Binary.run(["topic", "list", "--json"], folder: folder).objects
        #expect(listed.contains { $0["name"] as? String == "pay" && $0["depth"] as? Int == 0 })
        let unconfirmed = try Binary.run(["topic", "delete", "pay"], folder: folder)
        #expect(unconfirmed.status == 6)
        #expect(try Binary.run(["topic", "delete", "pay", "--yes"], folder: folder).status == 0)
        #expect(try Binary.run(["topic", "show", "pay"], folder: folder).status == 3)
    }

    @Test func lagAndReset() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t"], input: Data("1\n2\n3\n4\n".utf8), folder: folder)
        _ = try Binary.run(["consume", "t", "--group", "g", "--raw", "--count", "3"], folder: folder)
        let lag = try Binary.run(["group", "lag", "g", "--json"], folder: folder).objects
        #expect(lag.compactMap { $0["lag"] as? Int }.reduce(0, +) == 1)
        let preview = try Binary.run(
            ["group", "reset", "g", "--topic", "t", "--to", "first", "--json"], folder: folder)
        #expect(preview.status == 6)
        let step = try #require(try preview.objects.first { $0["queue"] as? Int == 0 })
        #expect(step["from"] as? Int == 3)
        #expect(step["to"] as? Int == 0)
        #expect(step["again"] as? Int == 3)
        #expect(step["done"] as? Bool == false)
        let reset = try Binary.run(["group", "reset", "g", "--topic", "t", "--to", "first", "--yes"], folder: folder)
        #expect(reset.status == 0, "\(reset.errors)")
        let all = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(all.text == "1\n2\n3\n4\n")
        let groups = try Binary.run(["group", "list", "--json"], folder: folder).objects
        #expect(groups.contains { $0["name"] as? String == "g" && $0["lag"] as? Int == 0 })
    }

    @Test func delaysWaitInTheList() throws {
        let folder = try TestFolder()
        let published = try Binary.run(
            ["publish", "t", "--delay", "1h", "--key", "k", "--body", "later"], folder: folder)
        #expect(published.status == 0, "\(published.errors)")
        let delay = try #require(try Binary.run(["delay", "list", "--json"], folder: folder).objects.first)
        #expect(delay["id"] as? String == published.lines.first)
        #expect(delay["topic"] as? String == "t")
        let due = try #require(delay["due_ms"] as? Int)
        #expect(abs(Double(due) / 1000 - Date().timeIntervalSince1970 - 3600) < 120)
        let none = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(none.output.isEmpty)
    }

    @Test func aHalfIsListedAndCommitted() throws {
        let folder = try TestFolder()
        let id = try #require(
            try Binary.run(["publish", "pay", "--transaction", "--body", "money", "--queue", "1"], folder: folder)
                .lines.first)
        let half = try #require(try Binary.run(["tx", "list", "--json"], folder: folder).objects.first)
        #expect(half["id"] as? String == id)
        #expect(half["body"] as? String == "money")
        #expect(try Binary.run(["tx", "commit", id], folder: folder).status == 6)
        let committed = try Binary.run(
            ["tx", "commit", id, "--yes", "--reason", "the bank said so", "--json"], folder: folder)
        #expect(committed.status == 0, "\(committed.errors)")
        let outcome = try #require(try committed.objects.first)
        #expect(outcome["topic"] as? String == "pay")
        #expect(outcome["offset"] as? Int == 0)
        #expect(try Binary.run(["tx", "rollback", id, "--yes"], folder: folder).status == 4)
        #expect(
            try Binary.run(["tx", "commit", "7F00000100000000000000000000000000", "--yes"], folder: folder).status == 3)
        let consumed = try Binary.run(["consume", "pay", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(consumed.text == "money")
        let gone = try Binary.run(
            ["publish", "pay", "--transaction", "--then", "rollback", "--body", "no", "--json"], folder: folder)
        #expect(try gone.objects.first?["state"] as? String == "rollback")
        #expect(try Binary.run(["tx", "list", "--json"], folder: folder).lines.isEmpty)
    }
}
