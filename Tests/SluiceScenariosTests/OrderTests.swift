import Foundation
import Testing

@testable import SluiceScenarios

/// Orders, their versions and what a landing does with them.
@Suite struct OrderTests {
    @Test func versionsDecide() {
        #expect(VersionVerdict(version: 1, landed: nil) == .land)
        #expect(VersionVerdict(version: 3, landed: nil) == .land)
        #expect(VersionVerdict(version: 3, landed: 2) == .land)
        #expect(VersionVerdict(version: 4, landed: 2) == .land)
        #expect(VersionVerdict(version: 2, landed: 2) == .duplicate)
        #expect(VersionVerdict(version: 1, landed: 2) == .late)
    }

    @Test func aBodyComesBack() {
        for version in 1...OrderEvent.versions {
            let event = OrderEvent(number: 7, order: 88_213, version: version, cents: 4_200)
            #expect(OrderEvent(body: event.body) == event)
        }
    }

    @Test(arguments: [
        "", "{}", "{\"number\":1", "{\"number\":,\"order\":1,\"version\":1,\"state\":\"created\",\"cents\":1}",
        "{\"number\":1,\"order\":1,\"version\":9,\"state\":\"created\",\"cents\":1}",
        "{\"number\":1,\"order\":1,\"version\":1,\"state\":\"paid\",\"cents\":1}",
        "{\"number\":1,\"order\":1,\"version\":1,\"state\":\"created\",\"cents\":1} ",
        "{\"number\":99999999999999999999,\"order\":1,\"version\":1,\"state\":\"created\",\"cents\":1}",
    ]) func otherBodiesAreNoOrders(_ text: String) {
        #expect(OrderEvent(body: Array(text.utf8)) == nil)
    }

    /// What the stream says it sent twice and late is just what a landing has to drop.
    @Test func theStreamCountsItsOwnDisorder() {
        var stream = OrderStream(seed: 42)
        var newest: [Int64: Int] = [:]
        var counts = LandingCount()
        var numbers: Set<Int> = []
        for sent in 0..<50_000 {
            let event = stream.next()
            numbers.insert(event.number)
            // Wherever it stops: one that still has to go out does not count.
            defer {
                if sent % 97 == 0 {
                    #expect(counts.duplicates == stream.duplicates)
                    #expect(counts.late == stream.late)
                }
            }
            let verdict = VersionVerdict(version: event.version, landed: newest[event.order])
            if verdict == .land { newest[event.order] = event.version }
            counts.add(verdict)
        }
        #expect(numbers.count == 50_000)
        #expect(stream.duplicates > 50 && stream.late > 50)
        #expect(counts.duplicates == stream.duplicates)
        #expect(counts.late == stream.late)
    }

    @Test func theDatabaseKeepsTheNewestVersion() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let database = try OrderDatabase(path: folder.path + "/orders.sqlite")
        #expect(try database.synchronousMode() == 2, "each commit has to wait for the disk")
        let events = [1, 2, 2, 4, 3].enumerated().map {
            OrderEvent(number: $0.offset, order: 5, version: $0.element, cents: 1)
        }
        #expect(try database.land(events) == [.land, .land, .duplicate, .land, .late])
        #expect(try database.land([events[3]]) == [.duplicate])
        #expect(try database.contents() == OrderDatabase.Contents(landings: 3, twice: 0, stale: 0))
        try database.close()
    }

    @Test func oldLandingsGo() throws {
        let folder = try ScratchFolder.make(in: NSTemporaryDirectory())
        defer { folder.remove() }
        let database = try OrderDatabase(path: folder.path + "/orders.sqlite", keep: 100)
        for order in 0..<300 {
            let events = (1...OrderEvent.versions).map {
                OrderEvent(number: order * 4 + $0, order: Int64(order), version: $0, cents: 1)
            }
            #expect(try database.land(events).allSatisfy { $0 == .land })
        }
        #expect(try database.contents().landings == 1_200)
        #expect(try database.contents().stale == 0)
        #expect(try database.keptLandings() <= 100 + OrderEvent.versions)
        try database.close()
    }

    @Test func foldersOfDeadProcessesAreSwept() throws {
        let root = NSTemporaryDirectory() + "sweep-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let dead = Process()
        dead.executableURL = URL(filePath: "/bin/true")
        try dead.run()
        dead.waitUntilExit()
        let stale = root + "/sluice-demo-\(dead.processIdentifier)-1"
        let other = root + "/something-else"
        for path in [stale, other] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        let first = try ScratchFolder.make(in: root)
        #expect(!FileManager.default.fileExists(atPath: stale))
        #expect(FileManager.default.fileExists(atPath: other))
        let second = try ScratchFolder.make(in: root)
        #expect(FileManager.default.fileExists(atPath: first.path))
        second.remove()
        first.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["something-else"])
    }
}
