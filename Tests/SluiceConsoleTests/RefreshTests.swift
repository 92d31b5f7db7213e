import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

@Suite struct RefreshTests {
    /// An idle broker without lag, as it is most of the night.
    static let idle: World = {
        var world = World.demo
        for index in world.groups.indices where world.groups[index].lag != nil {
            (world.groups[index].lag, world.groups[index].behind) = (0, 0)
        }
        world.flow = world.flow.map { FlowSample(time: $0.time, published: 5, consumed: 5, backlog: 0) }
        return world
    }()

    @Test(arguments: ["2", "3", ":topic orders\n", ":group shipping\n", "?"], [80, 120, 200])
    func idleChangesNoCell(_ keys: String, _ width: Int) {
        var driver = Driver(Self.idle, size: Size(width: width, height: 40))
        driver.type(keys)
        driver.run(seconds: 3, isIdle: true)
        let before = driver.view
        for second in 0..<130 {
            driver.run(seconds: 1, isIdle: true)
            // Not inside of the expectation, which would print every cell.
            let isSame = driver.view == before
            #expect(isSame, "after \(second) s")
            if !isSame { break }
        }
    }

    @Test func countdownsChangeOnlyTheirDigits() {
        var driver = Driver(Self.idle, size: Size(width: 120, height: 40))
        driver.type("5")
        driver.run(seconds: 3, isIdle: true)
        let before = driver.view
        driver.run(seconds: 1, isIdle: true)
        let after = driver.view
        var columns: Set<Int> = []
        for y in 0..<40 { for x in 0..<120 where before[x, y] != after[x, y] { columns.insert(x) } }
        // The header's words stand over their columns, and no wide character is before them.
        let header = driver.line(2).split(separator: "checks", maxSplits: 1)
        let next = (header.first?.count ?? 0) + 8
        let age = (header.first?.split(separator: "age", maxSplits: 1).first?.count ?? 0)
        #expect(!columns.isEmpty)
        #expect(columns.allSatisfy { (next..<next + 10).contains($0) || (age - 3..<age + 3).contains($0) })
    }

    @Test func asksOnlyWhatTheScreenNeeds() {
        var driver = Driver()
        driver.type("2")
        driver.asked = []
        driver.run(seconds: 1)
        #expect(driver.asked.map(Self.kind) == ["broker", "flow", "topics", "question"])
        driver.type("5")
        driver.asked = []
        driver.run(seconds: 1)
        #expect(driver.asked.map(Self.kind) == ["broker", "flow", "halves", "question"])
    }

    @Test func asksNothingTwiceWhileItIsAwaited() {
        var driver = Driver()
        driver.type("2")
        driver.isAnswering = false
        driver.asked = []
        driver.run(seconds: 5)
        #expect(driver.asked.map(Self.kind) == ["broker", "flow", "topics", "question"])
    }

    @Test func overtakenAnswersAreDropped() {
        var driver = Driver()
        let stale = Ticket(1)
        _ = driver.model.update(.answer(.reply(stale, .topics, .success(.topics([])))))
        #expect(driver.model.data.topics.value?.count == World.demo.topics.count)
    }

    @Test func pauseAsksNothingAndSaysSo() {
        var driver = Driver()
        driver.type("2Z")
        driver.asked = []
        driver.run(seconds: 5)
        #expect(driver.asked.isEmpty)
        #expect(driver.text.contains("Paused"))
        driver.type("Z")
        #expect(!driver.asked.isEmpty)
    }

    @Test func failedDataKeepsItsValueAndSaysItsAge() {
        var driver = Driver()
        driver.type("2")
        driver.world.error = APIError(.unreachable, "Nobody answers.")
        driver.run(seconds: 4, isIdle: true)
        #expect(driver.text.contains("as of 4 s ago"))
        #expect(driver.text.contains("Nobody answers."))
        #expect(driver.text.contains("1,204,113"))
    }

    @Test func unknownIsNeverZero() {
        var world = World.demo
        world.error = APIError(.unreachable, "Nobody answers.")
        var driver = Driver(world, size: Size(width: 120, height: 30))
        for keys in ["1", "2", "3", "4", "5", "6", "7"] {
            driver.type(keys)
            #expect(driver.line(0).contains("backlog      –"))
            #expect(!driver.line(0).contains("halves 0"))
        }
        driver.type("2")
        #expect(driver.text.contains("? Nobody answers."))
    }

    static func kind(_ query: Query) -> String { String("\(query)".prefix { $0 != "(" }) }
}
