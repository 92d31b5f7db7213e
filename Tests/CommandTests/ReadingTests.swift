import Foundation
import Testing

/// Verbs that only look: they leave a folder that nobody owns as it is.
@Suite struct ReadingTests {
    /// Every file of a folder with its bytes; the lock and the socket aside.
    private static func contents(_ path: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        let all = try FileManager.default.subpathsOfDirectory(atPath: path)
        for name in all where name != "lock" && name != "socket" {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
            if !isFolder.boolValue { files[name] = try Data(contentsOf: URL(filePath: path + "/" + name)) }
        }
        return files
    }

    static let verbs: [[String]] = [
        ["topic", "list", "--json"], ["topic", "show", "orders", "--json"], ["group", "list", "--json"],
        ["group", "lag", "billing", "--json"], ["delay", "list", "--json"], ["tx", "list", "--json"],
        ["message", "find", "orders", "k1", "--json"], ["audit", "list", "--json"], ["audit", "verify", "--json"],
        ["dlq", "list", "billing", "--json"], ["gate", "show", "--json"], ["replay", "list", "--json"],
    ]

    /// The folder that the first version wrote, with its delays long due: what looks must not deliver them.
    private func kept() throws -> TestFolder {
        let folder = try TestFolder()
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Folders/1").path()
        try FileManager.default.copyItem(atPath: source, toPath: folder.data)
        return folder
    }

    @Test(arguments: verbs) func changesNothing(_ verb: [String]) throws {
        let folder = try kept()
        let before = try Self.contents(folder.data)
        let looked = try Binary.run(verb, folder: folder)
        #expect(looked.status == 0 || verb[0] == "dlq", "\(looked.errors)")
        #expect(try Self.contents(folder.data) == before)
    }

    @Test func aFolderOfTheFirstVersionIsReadAsItWasWritten() throws {
        let folder = try kept()
        func ask(_ verb: String...) throws -> [[String: Any]] {
            try Binary.run(verb + ["--json"], folder: folder).objects
        }
        let topic = try #require(try ask("topic", "list").first)
        #expect(topic["name"] as? String == "orders" && topic["depth"] as? Int == 4)
        #expect(topic["read_queues"] as? Int == 2)
        let lag = try ask("group", "lag", "billing").compactMap { $0["offset"] as? Int }
        #expect(lag == [1, 1])
        let delays = try ask("delay", "list").compactMap { ($0["keys"] as? [String])?.first }
        #expect(Set(delays) == ["later", "level"])
        let half = try #require(try ask("tx", "list").first)
        #expect(half["topic"] as? String == "orders" && half["producer_group"] as? String == "tellers")
        let found = try ask("message", "find", "orders", "committed")
        #expect(found.first?["body"] as? String == "committed")
        let gate = try #require(try ask("gate", "show").first)
        #expect(gate["group"] as? String == "billing")
        #expect(try ask("audit", "list").count == 10)
        let chain = try #require(try ask("audit", "verify").first)
        #expect(chain["holds"] as? Bool == true && chain["entries"] as? Int == 10)
    }

    @Test func aFolderThatWasLeftInAHurryIsReadToo() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "first"], folder: folder)
        let owner = try Binary.start(["consume", "t", "--group", "g", "--raw"], folder: folder)
        try owner.waitForOutput { $0 == Data("first".utf8) }
        _ = try Binary.run(["publish", "t", "--body", "second"], folder: folder)
        try owner.waitForOutput { $0 == Data("firstsecond".utf8) }
        owner.send(SIGKILL)
        _ = try owner.finish()
        let before = try Self.contents(folder.data)
        let topics = try Binary.run(["topic", "list", "--json"], folder: folder).objects
        #expect(topics.first?["depth"] as? Int == 2)
        #expect(try Self.contents(folder.data) == before)
    }

    @Test func severalLookAtOnceAndAnOwnerWaitsForThem() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "first"], folder: folder)
        let readers = try (0..<6).map { _ in try Binary.start(["topic", "list", "--json"], folder: folder) }
        let published = try Binary.run(["publish", "t", "--body", "second"], folder: folder)
        #expect(published.status == 0, "\(published.errors)")
        for reader in readers {
            let outcome = try reader.finish()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func whatHasToBeMadeAgainFirstIsMadeByAnOwner() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "first"], folder: folder)
        try FileManager.default.removeItem(atPath: folder.data + "/checkpoint")
        let looked = try Binary.run(["topic", "list", "--json"], folder: folder)
        #expect(looked.status == 0)
        #expect(looked.errors.contains("made again from the log"))
        #expect(try looked.objects.first?["depth"] as? Int == 1)
        #expect(FileManager.default.fileExists(atPath: folder.data + "/checkpoint"))
    }

    @Test func aMemberGetsWhatItsGroupCouldNotHandle() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t", "--body", "one", "--queue", "0"], folder: folder)
        // As a broker stores it when a try is due again.
        _ = try Binary.run(
            ["publish", "%RETRY%g", "--body", "again", "--tag", "x", "--property", "RETRY_TOPIC=t"], folder: folder)
        let all = try Binary.run(
            ["consume", "t", "--group", "g", "--json", "--until-empty", "--filter", "y"], folder: folder
        ).objects
        #expect(all.map { $0["body"] as? String } == ["again"])
        #expect(all.first?["topic"] as? String == "t")
        let rest = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(rest.text.isEmpty)
        let other = try Binary.run(
            ["consume", "t", "--group", "g", "--broadcast", "--raw", "--until-empty"], folder: folder)
        #expect(other.text == "one")
    }

    @Test func timesOfTheTimerCanBeConfigured() throws {
        let folder = try TestFolder()
        let printed = try Binary.run(["serve", "--print-config"], folder: folder).text
        for line in ["longest_delay_hours = 960", "delays_in_memory = 131072", "checks_per_second = 500"] {
            #expect(printed.contains(line))
        }
        let file = folder.path + "/config.toml"
        try "[serve]\nchecks_per_second = 0\n".write(toFile: file, atomically: true, encoding: .utf8)
        let refused = try Binary.run(["serve", "--config", file], folder: folder)
        #expect(refused.status == 64 && refused.errors.contains("config.toml:2"))
    }
}
