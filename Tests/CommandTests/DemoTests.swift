import Foundation
import Testing

/// Demonstrations without a console, as scripts run them.
@Suite(.serialized) struct DemoTests {
    /// Services in processes of their own, one of which is killed with SIGKILL.
    @Test func aKilledServiceLosesNothing() throws {
        let folder = try TestFolder()
        let outcome = try Binary.run(
            [
                "demo", "bus", "--headless", "--json", "--duration", "4s", "--durability", "async",
                "--fault", "kill-ticketing@1s", "--fault", "add-mailer@2s",
            ], folder: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let objects = try outcome.objects
        let samples = objects.dropLast()
        #expect(samples.count >= 4)
        #expect(samples.contains { ($0["down"] as? String) == "ticketing" })
        for sample in samples { #expect(sample["t"] is Double && sample["time_ms"] is Int && sample["placed"] is Int) }
        let summary = try #require(objects.last)
        #expect(summary["summary"] as? Bool == true)
        #expect(summary["durability"] as? String == "async")
        let checks = try #require(summary["checks"] as? [[String: Any]])
        #expect(checks.allSatisfy { $0["ok"] as? Bool == true && $0["name"] is String && $0["expected"] is String })
    }

    /// The broker's process killed under everything: clients and services find it again, and nothing is lost.
    @Test(arguments: ["hub", "transaction", "bus"]) func aKilledBrokerLosesNothing(name: String) throws {
        let folder = try TestFolder()
        let outcome = try Binary.run(
            [
                "demo", name, "--headless", "--json", "--duration", "4s", "--durability", "async", "--broker-process",
                "--fault", "kill-broker@1s",
            ], folder: folder)
        let checks = try #require(try outcome.objects.last?["checks"] as? [[String: Any]])
        // Machines differ: how much longer locks are held is not judged here.
        let failed = checks.filter { $0["ok"] as? Bool != true }.compactMap { $0["name"] as? String }
            .filter { !$0.contains("_lock_by_") }
        #expect(!checks.isEmpty && failed == [], "\(outcome.errors)")
        // What means nothing after a kill is left out where there was one.
        if name != "transaction" { #expect(checks.contains { $0["skipped"] is String }) }
    }

    /// On the broker of a data folder: topics of the run are gone afterwards.
    @Test func aBrokerThatStaysIsLeftClean() throws {
        let folder = try TestFolder()
        let outcome = try Binary.run(
            ["demo", "broadcast", "--headless", "--duration", "2s", "--data", folder.data], folder: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.text.contains("ok     caches_unlike_the_database 0"))
        let topics = try Binary.run(["topic", "list", "--json"], folder: folder)
        #expect(topics.status == 0 && !topics.text.contains("price-changes"), "\(topics.text)")
        let groups = try Binary.run(["group", "list", "--json"], folder: folder)
        #expect(groups.status == 0 && !groups.text.contains("demo-"), "\(groups.text)")
    }

    /// All of them, briefly. Machines differ: what is measured in time is not judged here, what is counted is.
    @Test func allOfThemInTurn() throws {
        let folder = try TestFolder()
        let start = Date()
        let outcome = try Binary.run(
            ["demo", "all", "--headless", "--json", "--duration", "4s", "--durability", "async"], folder: folder)
        #expect(Date().timeIntervalSince(start) < 240)
        let objects = try outcome.objects
        let names = Set(objects.compactMap { $0["scenario"] as? String })
        let summaries = objects.filter { $0["summary"] as? Bool == true }
        #expect(names == ["async", "peak-shaving", "bus", "delay", "broadcast", "transaction", "hub"])
        #expect(summaries.count == 7)
        let timed = try Regex("p50|p99|variation|peak")
        for summary in summaries {
            let checks = try #require(summary["checks"] as? [[String: Any]])
            let failed = checks.filter { $0["ok"] as? Bool != true }.compactMap { $0["name"] as? String }
            #expect(
                failed.filter { $0.firstMatch(of: timed) == nil }.isEmpty, "\(summary["scenario"] ?? ""): \(failed)")
        }
    }

    @Test(arguments: [
        ["demo", "nothing"], ["demo", "--headless"], ["demo", "all"], ["demo", "bus", "--json"],
        ["demo", "bus", "--headless", "--fault", "kill-ticketing"],
        ["demo", "bus", "--headless", "--fault", "flood@1s"],
        ["demo", "bus", "--headless", "--duration", "1s"], ["demo", "bus", "--slowness", "0"],
        ["demo", "bus", "--duration", "3s"], ["demo", "bus", "--broker-process", "--data", "/tmp/x"],
        ["demo", "bus", "--connect", "127.0.0.1:1", "--data", "/tmp/x"],
        ["demo", "bus", "--headless", "--fault", "kill-broker@1s"],
    ])
    func wrongUsageIsRefused(arguments: [String]) throws {
        let outcome = try Binary.run(arguments, folder: try TestFolder())
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(!outcome.errors.isEmpty && outcome.output.isEmpty)
    }
}
