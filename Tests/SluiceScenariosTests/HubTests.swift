import Foundation
import SluiceMessage
import Testing

@testable import SluiceScenarios

/// Logs through one topic into many sinks: real files, databases and sockets.
@Suite(.serialized) struct HubTests {
    @Test func everyLineComesOutOfEverySink() async throws {
        let report = try await Self.run(faults: ["kill-sink", "add-sink", "slow-sink", "kill-sink"])
        #expect(report.failed.isEmpty, "\(report.checks)")
        #expect(report.checks.contains { $0.name == "late_1_hash_differs" })
    }

    @Test func aSinkThatDropsIsFoundOut() async throws {
        let report = try await Self.run(dropping: "archive")
        #expect(Set(report.failed) == ["archive_lines", "archive_hash_differs"])
    }

    @Test func aCollectorThatLiesIsFoundOut() async throws {
        let report = try await Self.run(isHonest: false)
        #expect(report.failed.contains("untrue_line_counts"))
        #expect(report.failed.contains("search_lines"))
    }

    /// Whatever the rotation and however late one looks, each line is read once and in its order.
    @Test(arguments: [LogWriter.Rotation.rename, .truncate], [7, 350, 1_000])
    func aFollowerMissesNothing(_ rotation: LogWriter.Rotation, every: Int) throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let writer = try LogWriter(
            stream: "web", folder: folder.path, rotation: rotation, perSecond: 0, linesPerFile: 300)
        var follower = LogFollower(path: writer.path)
        var sum = LineSum()
        var written = 0
        func readAll() {
            for _ in 0..<500 where sum.lines < written { for line in follower.poll() { sum.add(line) } }
        }
        for round in 0..<(3_000 / every) {
            try writer.write(every)
            written += every
            // Sometimes it does not look for a while.
            if round % 2 == 1 || every == 1_000 { readAll() }
        }
        readAll()
        #expect(follower.poll().isEmpty)
        #expect(sum == writer.sum)
        #expect(follower.gaps == 0)
        #expect(writer.rotations >= 8)
        writer.close()
    }

    @Test func aFileThatIsGoneIsToldAndNotForgotten() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let writer = try LogWriter(
            stream: "web", folder: folder.path, rotation: .rename, perSecond: 0, linesPerFile: 50)
        var follower = LogFollower(path: writer.path)
        try writer.write(10)
        #expect(follower.poll().count == 10)
        // More files than are kept: the one that was followed is not there any more.
        try writer.write(1_000)
        for number in 2...9 { try? FileManager.default.removeItem(atPath: "\(writer.path).\(number)") }
        var later = 0
        for _ in 0..<100 { later += follower.poll().count }
        #expect(follower.gaps == 1)
        #expect(later > 0)
        var facts = HubFacts()
        facts.gaps = follower.gaps
        #expect(facts.report().failed.contains("files_lost"))
        writer.close()
    }

    /// The same batch twice is stored once, whatever the sink; and a file of the archive is what gzip says.
    @Test func sinksKnowWhatTheyHave() async throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        try await onThread {
            let archive = try ArchiveSink(folder: folder.path + "/archive")
            let sinks: [any LogSink] = [
                try SearchSink(path: folder.path + "/search.sqlite"), archive,
                try CountSink(path: folder.path + "/counts.sqlite"),
                BulkSink(server: try BulkServer(path: folder.path + "/documents.sqlite")),
            ]
            let lines = (0..<20).map { Array("2026-11-24T15:51:0\($0 % 10).000Z web INFO \($0) \"quoted\" ünï".utf8) }
            var sum = LineSum()
            for line in lines { sum.add(line) }
            let batches = [
                LogBatch(id: "web-0", stream: "web", lines: Array(lines[..<12])),
                LogBatch(id: "web-1", stream: "web", lines: Array(lines[12...])),
            ]
            for sink in sinks {
                #expect(try sink.take(batches) == 0)
                #expect(try sink.take(batches) == 2)
                #expect(try sink.sum() == sum)
                #expect(try sink.count() == 20)
            }
            let gunzip = Process()
            gunzip.executableURL = URL(filePath: "/usr/bin/env")
            gunzip.arguments = ["gzip", "-t"] + (try archive.files())
            try gunzip.run()
            gunzip.waitUntilExit()
            #expect(gunzip.terminationStatus == 0)
            for sink in sinks { try sink.close() }
        }
    }

    @Test func theBulkServerRefusesWhatItCannotRead() async throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        try await onThread {
            let server = try BulkServer(path: folder.path + "/documents.sqlite")
            var client = HTTPPost(port: server.port)
            #expect(
                try client.post("/_bulk", type: "application/x-ndjson", Array("nonsense\nmore\n".utf8)).status == 400)
            #expect(try client.post("/else", type: "text/plain", []).status == 404)
            #expect(
                try client.post("/_bulk", type: "x", [UInt8](repeating: 65, count: BulkServer.maxBody + 1)).status
                    == 413)
            #expect(try server.count() == 0)
            client.close()
            server.close()
        }
    }

    @Test func aQueryFindsItsLines() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let search = try SearchSink(path: folder.path + "/search.sqlite")
        let lines = ["alpha timeout", "beta ok", "gamma timeout checkout"].map { Array($0.utf8) }
        _ = try search.take([LogBatch(id: "a", stream: "web", lines: lines)])
        let found = try search.search("timeout")
        #expect(found.hits == 2 && found.newest == "gamma timeout checkout")
        #expect(try search.search("timeout AND checkout").hits == 1)
        for query in HubScenario.queries { #expect(try search.search(query).hits < 3) }
        try search.close()
    }

    private static func run(
        faults: [String] = [], dropping: String? = nil, isHonest: Bool = true
    ) async throws -> ScenarioReport {
        try await onStage(options: ScenarioOptions(seconds: 2.5)) { stage in
            let scenario = try HubScenario(stage, dropping: dropping, isHonest: isHonest)
            defer { scenario.close() }
            let timed = faults.enumerated().map { TimedFault($1, seconds: 0.4 + 0.4 * Double($0)) }
            let settle: Double = dropping == nil && isHonest ? 10 : 1.5
            return try #require(try ScenarioRun(seconds: 2.5, faults: timed, settleSeconds: settle).run(scenario))
        }
    }
}
