import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Clients, brokers, the audit, a message's readers and trace, the banner.
@Suite struct ScreensTests {
    private func driver(_ keys: String, _ world: World = .steered) -> Driver {
        var driver = Driver(world, size: Size(width: 120, height: 40))
        driver.type(keys)
        return driver
    }

    // MARK: Clients
    @Test func clientsAreFilteredSortedAndOpened() {
        var driver = driver(":clients\n/cpp\n")
        #expect(driver.model.rows.count == 1)
        driver.type("\u{1B}L")
        #expect(driver.model.rows.first?.id == "10.0.0.6@812 sms-sender consumer")
        driver.type("V")
        #expect(driver.model.rows.first?.id.hasPrefix("结算") == true)
        driver.type("\n")
        #expect(driver.model.place == .group("对账"))
    }

    @Test(arguments: [
        (409, "4.9.8"), (213, "4.0.0"), (317, "4.5.2"), (413, "5.0.0"), (479, "5.3.3"), (412, "5.0.0-S"), (0, "–"),
        (37, "37"), (-3, "-3"), (9999, "9999"),
    ])
    func versionsAreRocketMQs(_ number: Int, _ text: String) {
        #expect(ClientsScreen.version(number) == text)
    }

    // MARK: Brokers
    @Test func aSilentBrokerIsSaidInWords() {
        var driver = driver(":brokers\nj", .cluster)
        #expect(driver.text.contains("1 not answering"))
        #expect(driver.text.contains("connection refused"))
        driver.type("k")
        #expect(driver.text.contains("10.0.0.8:10911"))
        #expect(driver.text.contains("putLatency99 4"))
    }

    @Test func queuesOfClustersSayTheirBroker() {
        var driver = driver(":topic orders\n", .cluster)
        #expect(driver.text.contains("broker-b/0"))
        driver.type("jj\n")
        #expect(driver.text.contains("orders / queue broker-b/0"))
        driver.type(":group order-landing\n")
        #expect(driver.text.contains("broker-b/0"))
        #expect(Driver().model.queueName(3) == "3")
        #expect(Driver().model.queueName(ClusterQueue.number(broker: 2, queue: 3)) == "#2/3")
    }

    // MARK: Audit
    @Test func theAuditIsPagedFromItsEnd() {
        var world = World.steered
        func entries(_ numbers: ClosedRange<Int64>) -> [AuditEntry] {
            numbers.map { number in
                AuditEntry(
                    number: number, time: World.start, phase: .before, begun: nil,
                    actor: Actor(name: "wei", host: "ops", isProven: true), action: "reset", target: "group \(number)",
                    reason: "", state: "", outcome: nil, previous: "", hash: "")
            }
        }
        world.told[.audit(from: -200, limit: 200)] = .audit(entries(301...500), total: 500)
        world.told[.audit(from: 101, limit: 200)] = .audit(entries(101...300), total: 500)
        world.told[.audit(from: 201, limit: 200)] = .audit(entries(201...400), total: 500)
        world.told[.audit(from: 1, limit: 200)] = .audit(entries(1...200), total: 500)
        var driver = driver(":audit\n", world)
        #expect(driver.text.contains("group 500"))
        #expect(driver.text.contains("500 entries · 301 to 500"))
        #expect(driver.text.contains("no end yet") && !driver.text.contains("on a newer page"))
        driver.type("<")
        #expect(driver.text.contains("group 300"))
        #expect(driver.text.contains("on a newer page") && !driver.text.contains("no end yet"))
        driver.type("<")
        #expect(driver.text.contains("1 to 200"))
        driver.type("<")
        #expect(driver.text.contains("These are the oldest entries."))
        driver.type(">>")
        #expect(driver.text.contains("group 500"))
        #expect(driver.model.auditStart == nil)
    }

    @Test func verifyingSaysWhetherTheChainHolds() {
        var driver = driver(":audit\nv")
        #expect(driver.text.contains("The chain of 5 entries holds; 1 action without an end"))
        driver.world.told[.verifyAudit] = .auditVerified(
            AuditVerification(entries: 5, brokenAt: 3, problem: "its hash is another.", unfinished: [], head: ""))
        driver.type("v")
        #expect(driver.text.contains("broken at entry 3: its hash is another."))
    }

    @Test func anActionWithoutAnEndIsSaid() {
        #expect(driver(":audit\n").text.contains("no end yet"))
        #expect(driver(":audit\n/lena\n").model.rows.count == 2)
    }

    // MARK: A message
    @Test func aMessageSaysWhoReadIt() {
        var driver = driver(":group order-landing\n\n")
        driver.type("\n")
        #expect(driver.text.contains("order-landing has it next"))
        #expect(driver.text.contains("taken by billing, try 2"))
        #expect(driver.text.contains("1 record could not be read"))
        driver.asked = []
        driver.run(seconds: 3)
        // What clients said once stays said.
        #expect(!driver.asked.contains { if case .trace = $0 { true } else { false } })
    }

    @Test func withoutATraceTopicThatIsSaid() {
        var driver = driver(":topic orders\n\n", .demo)
        driver.type("\n")
        #expect(driver.text.contains("there is no trace topic"))
    }

    @Test func hostileTracesAreCountedNotBelieved() {
        let bodies: [[UInt8]] = [
            [], [1, 2, 1, 2], Array("Pub\u{1}ID\u{2}SubAfter\u{1}\u{1}ID\u{1}999999999999999999999\u{1}true\u{2}".utf8),
            Array(
                "SubAfter\u{1}R\u{1}ID\u{1}\(Int64.max)\u{1}true\u{2}SubBefore\u{1}\(Int64.max)\u{1}r\u{1}g\u{1}R\u{1}ID\u{1}0"
                    .utf8),
            [0xFF, 1, 0xFE],
        ]
        let trace = MessageTrace(of: "ID", bodies: bodies)
        #expect(trace.damaged == 2)
        #expect(trace.steps.count == 2)
    }

    // MARK: Nobody answers
    @Test func theBannerCountsAndWhatWasKnownStaysGrey() {
        var driver = driver("2")
        let before = driver.line(3)
        driver.world.error = APIError(.unreachable, "Nobody answers at 10.0.0.7:10911.")
        driver.run(seconds: 5, isIdle: true)
        #expect(driver.text.contains("tried again 4 times"))
        #expect(driver.text.contains("Nobody answers at 10.0.0.7:10911."))
        #expect(driver.line(3) == before)
        let grey = TestTheme.theme[.stale].foreground
        let view = driver.view
        #expect((0..<120).allSatisfy { view[$0, 3].style.foreground == grey })
        driver.world.error = nil
        driver.run(seconds: 1)
        #expect(driver.text.contains("Answering again after 5 s."))
        let after = driver.view
        #expect(!(0..<120).allSatisfy { after[$0, 3].style.foreground == grey })
    }

    @Test(arguments: [":clients\n", ":brokers\n", ":audit\n", "6", ":settings\n"])
    func unknownIsSaid(_ keys: String) {
        var world = World.demo
        world.error = APIError(.unreachable, "Nobody answers.")
        let driver = driver(keys, world)
        #expect(driver.text.contains("Nobody answers."))
        #expect(!driver.text.contains("Nobody is connected"))
        #expect(!driver.text.contains("No group has dead letters"))
        #expect(!driver.text.contains("Nothing was done by hand"))
    }
}
