import SluiceAPI
import Testing

@testable import SluiceConsole

@Suite struct AlertTests {
    private func group(_ name: String, lag: Int64?, behind: Int64? = 0, dead: Int64 = 0) -> GroupSummary {
        GroupSummary(
            config: GroupConfig(name: name), model: lag == nil ? .broadcasting : .clustering, clients: 1, lag: lag,
            behind: behind, delivered: 0, committed: 0, deadLetters: dead, topics: [])
    }

    @Test func overAndNotAtALimit() {
        let thresholds = AlertThresholds(lag: .init(warning: 10, critical: 100), oldestHalf: .init(warning: 600_000))
        let groups = [
            group("at", lag: 10), group("over", lag: 11), group("far", lag: 101), group("each", lag: nil),
        ]
        let alerts = thresholds.alerts(groups: groups, oldestHalf: 1_000, now: 601_001)
        #expect(alerts.map(\.id) == ["lag far", "oldest_half ", "lag over"])
        #expect(alerts.map(\.severity) == [.critical, .warning, .warning])
        #expect(thresholds.alerts(groups: groups, oldestHalf: 1_001, now: 601_001, only: "over").map(\.value) == [11])
        // What is not known is over nothing.
        let behind = AlertThresholds(behind: .init(warning: 0), oldestHalf: .init())
        #expect(behind.alerts(groups: [group("a", lag: 5, behind: nil)], oldestHalf: nil, now: 0).isEmpty)
    }

    @Test func changesAreSaidOnce() {
        var watch = AlertWatch()
        let thresholds = AlertThresholds(lag: .init(warning: 10, critical: 100))
        func look(_ lag: Int64) -> [AlertWatch.Change] {
            watch.take(thresholds.alerts(groups: [group("g", lag: lag)], oldestHalf: nil, now: 0))
        }
        #expect(look(5).isEmpty)
        #expect(look(50).count == 1)
        #expect(look(60).isEmpty)
        guard case .changed(let alert, from: .warning) = look(500).first else {
            Issue.record("not changed")
            return
        }
        #expect(alert.severity == .critical && watch.worst == .critical)
        guard case .cleared = look(0).first else {
            Issue.record("not cleared")
            return
        }
        #expect(watch.worst == nil)
    }

    @Test(
        arguments: [
            ("10", 10, nil), ("10,20", 10, 20), (",20", nil, 20), ("10, 20", 10, 20), ("20,10", -1, nil), ("", -1, nil),
            ("x", -1, nil), ("1,2,3", -1, nil), ("-1", -1, nil),
        ] as [(String, Int64?, Int64?)])
    func levelsAsTyped(_ text: String, _ warning: Int64?, _ critical: Int64?) {
        let levels = AlertThresholds.Levels(text) { Int64($0) }
        if warning == -1 {
            #expect(levels == nil)
        } else {
            #expect(levels == AlertThresholds.Levels(warning: warning, critical: critical))
        }
    }

    @Test func theConsoleRingsForWhatComesAndShowsWhatIsCritical() throws {
        var driver = Driver(size: Size(width: 120, height: 30))
        driver.model.settings.alerts = AlertThresholds(lag: .init(warning: 20_000_000, critical: 50_000_000))
        driver.run(seconds: 2)
        driver.outside = []
        func bells(_ lag: Int64) throws -> Int {
            let index = try #require(driver.world.groups.firstIndex { $0.config.name == "billing" })
            driver.world.groups[index].lag = lag
            driver.run(seconds: 1, isIdle: true)
            return driver.outside.filter { $0 == .bell }.count
        }
        #expect(try bells(1_000) == 0)
        #expect(try bells(30_000_000) == 1)
        #expect(driver.model.attention.contains { $0.text == "billing: lag 30,000,000 (over 20,000,000)" })
        #expect(driver.line(28).contains("billing: lag 30,000,000"))
        #expect(try bells(31_000_000) == 1)
        #expect(try bells(60_000_000) == 2)
        driver.run(seconds: 20, isIdle: true)
        #expect(driver.line(28).contains("CRITICAL · billing: lag 60,000,000"))
        #expect(try bells(0) == 2)
        #expect(!driver.text.contains("CRITICAL"))
    }
}
