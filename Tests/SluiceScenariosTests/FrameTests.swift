import Foundation
import SluiceAPI
import Synchronization
import Testing

@testable import SluiceScenarios

/// What all scenarios share.
@Suite struct FrameTests {
    @Test func scenariosAreTold() {
        let names = ScenarioRegistry.all.map { $0.about.name }
        #expect(Set(names).count == names.count)
        for scenario in ScenarioRegistry.all {
            let about = scenario.about
            #expect(ScenarioRegistry.find(about.name)?.about == about)
            #expect(about.claim.hasSuffix(".") && !about.title.isEmpty)
            #expect(Set(about.faults.map(\.name)).count == about.faults.count)
        }
        #expect(ScenarioRegistry.find("none") == nil)
    }

    /// Every scenario takes each of its keys and faults, and none of its keys is the console's.
    @Test(arguments: ScenarioRegistry.all.map { $0.about.name }) func keysAreFree(name: String) async throws {
        let scenario = try #require(ScenarioRegistry.find(name))
        let moment = try await onStage(options: ScenarioOptions(slowness: 0.01)) { stage in
            let running = try scenario.init(stage)
            defer { running.close() }
            try running.start()
            #expect(throws: (any Error).self) { try running.cause("no such fault") }
            return running.moment()
        }
        #expect(moment.series.count <= 3 && !moment.lookAt.isEmpty && !moment.text.isEmpty)
        #expect(Set(moment.keys.map(\.key)).count == moment.keys.count)
        for key in moment.keys { #expect(!ScenarioMoment.Key.reserved.contains(key.key), "\(key)") }
    }

    @Test func checksTellWhatDoesNotHold() {
        let report = ScenarioReport(
            figures: [],
            checks: [
                .equal("a", 1, 1), .equal("b", 1, 2), .atMost("c", .nan, 1), .atMost("d", 1, 1), .atLeast("e", 0.9, 1),
            ], sentences: [])
        #expect(report.failed == ["b", "c", "e"] && !report.isOK)
    }

    /// A part that says what it hears, that ends when it is let go, and that can be killed.
    @Test func partsSpeakEndAndDie() throws {
        let folder = try ScratchFolder.make(in: temporaryRoot)
        defer { folder.remove() }
        let heard = Mutex<[String]>([])
        let echo = try PartProcess(
            executable: "/bin/cat", arguments: [], log: folder.path + "/log",
            onLine: { line in
                heard.withLock { $0.append(line) }
            })
        echo.tell("one")
        echo.tell("two")
        try waitUntil { heard.withLock { $0.count } == 2 }
        #expect(heard.withLock { $0 } == ["one", "two"] && echo.isRunning)
        echo.stop()
        #expect(!echo.isRunning)
        echo.tell("three")
        let deaf = try PartProcess(
            executable: "/bin/sleep", arguments: ["60"], log: folder.path + "/log", onLine: { _ in })
        deaf.kill()
        #expect(!deaf.isRunning)
        deaf.kill()
        #expect(throws: APIError.self) {
            try PartProcess(executable: "/nowhere", arguments: [], log: folder.path + "/log", onLine: { _ in })
        }
    }

    @Test func numbersAreWritten() {
        #expect(Words.grouped(1_234_567) == "1,234,567" && Words.grouped(-12) == "-12" && Words.grouped(0) == "0")
        #expect(Words.decimal(2.345, places: 2) == "2.35" && Words.decimal(-0.01) == "0.0")
        #expect(Words.milliseconds(nil) == "–" && Words.milliseconds(1_234) == "1.23 s")
    }

    @Test func anOpenLoopGoesByTheClock() throws {
        let calls = Mutex<[(Int, Double)]>([])
        let loop = OpenLoop(perSecond: 200, threads: 2)
        let start = monotonicSeconds()
        loop.start { number, due in calls.withLock { $0.append((number, due)) } }
        try waitUntil { calls.withLock { $0.count } >= 20 }
        loop.stop()
        let made = calls.withLock { $0 }.sorted { $0.0 < $1.0 }
        #expect(made.map(\.0) == Array(0..<made.count))
        #expect(made.allSatisfy { abs($0.1 - start - Double($0.0) / 200) < 0.05 })
        loop.stop()
    }
}
