import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// What if, the future load, the delays' pages, the calls.
@Suite struct ForecastTests {
    private func queues(_ lags: [Int64], inflow: Double = 0, outflow: Double = 100) -> [WhatIf.Queue] {
        lags.enumerated().map { WhatIf.Queue(id: "t/\($0)", lag: $1, inflow: inflow, outflow: outflow) }
    }

    @Test func theSlowestConsumerCounts() {
        // Two consumers of two queues each, 200/s each: the first has 3,000 to do, the second 200.
        let found = WhatIf().forecast(queues([2000, 1000, 100, 100]), consumers: 2)
        #expect(found == .drains(seconds: 15, worst: "t/0 … t/1", idle: 0))
        // Two more: each queue has its own, and the worst of them counts.
        let more = WhatIf(moreConsumers: 2).forecast(queues([2000, 1000, 100, 100]), consumers: 2)
        #expect(more == .drains(seconds: 10, worst: "t/0", idle: 0))
        let idle = WhatIf(moreConsumers: 5).forecast(queues([2000, 1000, 100, 100]), consumers: 2)
        #expect(idle == .drains(seconds: 10, worst: "t/0", idle: 3))
    }

    @Test func producersAndGatesCount() {
        let busy = queues([1000, 1000], inflow: 150, outflow: 100)
        #expect(WhatIf().forecast(busy, consumers: 2) == .never(worst: "t/0", gain: 50, idle: 0))
        #expect(
            WhatIf(producersStop: true).forecast(busy, consumers: 2) == .drains(seconds: 10, worst: "t/0", idle: 0))
        #expect(
            WhatIf(producersStop: true, gate: 20).forecast(busy, consumers: 2)
                == .drains(seconds: 100, worst: "t/0", idle: 0))
    }

    @Test func unknownIsNotNever() {
        #expect(WhatIf().forecast(queues([0, 0]), consumers: 2) == .nothingWaits)
        guard case .unknown = WhatIf().forecast(queues([5]), consumers: 0) else { return #expect(Bool(false)) }
        guard case .unknown = WhatIf(moreConsumers: 3).forecast(queues([5], outflow: 0), consumers: 1) else {
            return #expect(Bool(false))
        }
    }

    @Test func whatNobodyConsumesWaits() {
        var driver = Driver(size: Size(width: 120, height: 40))
        driver.world.queuesOfGroup["order-landing"] = driver.world.queuesOfGroup["order-landing"]?.map {
            var queue = $0
            queue.offset = nil
            return queue
        }
        driver.type(":group order-landing\n")
        driver.run(seconds: 12)
        #expect(driver.model.forecast(WhatIf(), of: "order-landing") != .nothingWaits)
        #expect(driver.model.forecast(WhatIf(producersStop: true), of: "order-landing") != .nothingWaits)
    }

    @Test func whatIfIsKeptOnTheScreen() {
        var driver = Driver(size: Size(width: 120, height: 40))
        driver.run(seconds: 12)
        driver.type(":group order-landing\n")
        driver.run(seconds: 12)
        let acts = driver.acts
        driver.type("w6\t \n")
        #expect(driver.text.contains("what if 6 more consumers, producers stop: drains in"))
        #expect(driver.acts == acts)
        driver.type("w")
        driver.press(.control("u"), .tab)
        driver.type(" \n")
        #expect(driver.text.contains("w what if"))
    }

    // MARK: Future load
    @Test func aFloodOfDelaysIsForeseen() {
        var load = FutureLoad(
            start: 0, width: 60_000, due: [0, 0, 300, 300, 0, 0, 0, 0], inflow: 50, capacity: 100, backlog: 0)
        let found = load.forecast
        #expect(found?.peak == 350)
        #expect(found?.peakAt == 120_000)
        // Two minutes at 250/s more than can be taken.
        #expect(found?.highest == 30_000)
        #expect(found?.highestAt == 240_000)
        #expect(found?.emptyAt == nil)
        load.capacity = 1000
        #expect(load.forecast?.highest == 0)
        #expect(load.forecast?.emptyAt == 0)
        load.capacity = nil
        #expect(load.forecast == nil)
    }

    @Test func theLoadIsSaidInASentence() {
        var driver = Driver(size: Size(width: 160, height: 40))
        driver.run(seconds: 24)
        driver.type("4l")
        #expect(driver.text.contains("Future load"))
        #expect(driver.text.contains("fall due in 1h"))
        #expect(driver.text.contains("not enough"))
    }

    // MARK: Delays
    @Test func allPagesOfDelaysCanBeReached() {
        var world = World.demo
        world.delays = (0..<2500).map { index in
            var delay = World.demo.delays[index % 240]
            delay.id = World.id(5000 + index)
            delay.due = World.start + Int64(index + 1) * 10_000
            return delay
        }
        world.delayTotal = nil
        var driver = Driver(world, screen: .delays)
        let last = { (driver: Driver) in driver.model.selectedDelays.first?.id }
        #expect(driver.text.contains("1 to 1,000"))
        driver.press(.end)
        #expect(driver.text.contains("2,001 to 2,500"))
        #expect(last(driver) == World.id(5000 + 2499))
        driver.press(.home)
        #expect(last(driver) == World.id(5000))
        for _ in 0..<100 { driver.press(.pageDown) }
        #expect(driver.model.delaySkip > 0)
        // Marks outlive their page.
        driver.press(.home)
        driver.type("  ")
        driver.press(.end)
        driver.type(" ")
        #expect(driver.model.selectedDelays.count == 3)
        driver.type("U")
        #expect(driver.model.selectedDelays.count == 1)
    }

    @Test func theBrokerLooksForAKey() {
        var driver = Driver(screen: .delays)
        driver.type("f\torder-90003\n")
        #expect(driver.asked.contains(.delays(DelayQuery(key: "order-90003", limit: 1000))))
        #expect(driver.model.rows.count == 1)
        driver.press(.escape)
        #expect(driver.model.rows.count == 240)
        #expect(driver.model.screen == .delays)
    }

    @Test func theHistogramScrolls() {
        var driver = Driver(screen: .delays)
        let first = driver.model.shownHistogram
        #expect(first?.counts.count == 60)
        #expect(first.map { $0.counts.reduce(0, +) + $0.earlier + $0.later } == 240)
        driver.type(">>")
        let later = driver.model.shownHistogram
        #expect(later?.earlier == first?.counts.reduce(0, +))
        #expect(later.map { $0.counts.reduce(0, +) + $0.earlier + $0.later } == 240)
        driver.type("<<<<")
        #expect(driver.model.shownHistogram == first)
    }

    @Test func aFollowedRowSaysWhenItLeaves() throws {
        var driver = Driver(screen: .transactions)
        driver.type("jF")
        let id = try #require(driver.model.selectedRow?.id)
        driver.world.halves.removeAll { $0.id == id }
        driver.run(seconds: 2)
        #expect(driver.text.contains("\(id) has left the list."))
    }

    // MARK: Calls
    @Test func theRunnerTellsItsCalls() async {
        let runner = EffectRunner(admin: FakeAdmin(world: .demo))
        let events = await runner.events(of: .ask(Ticket(1), .topics))
        guard events.count == 2, case .called(let call) = events[0], case .answer(.reply) = events[1] else {
            return #expect(Bool(false))
        }
        #expect(call.what == "topics")
        #expect(call.kind == .query)
        #expect(!call.isFailure)
        let act = Act.operate(.recheck(id: "7"), reason: "why", dryRun: true)
        guard case .called(let tried)? = await runner.events(of: .act(Ticket(2), act)).first else {
            return #expect(Bool(false))
        }
        #expect(tried.kind == .dryRun)
        #expect(tried.what == "recheck 7 · why")
        #expect(await runner.events(of: .quit).isEmpty)
    }

    @Test func actsOutlastQuestions() {
        var log = CallLog()
        func call(_ kind: CallRecord.Kind) -> CallRecord {
            CallRecord(kind: kind, time: 0, milliseconds: 1, what: "x", result: "y", isFailure: false)
        }
        log.add(call(.act))
        for _ in 0..<700 { log.add(call(.query)) }
        #expect(log.calls.count == 500)
        #expect(log.made == 701)
        #expect(log.calls.first?.call.kind == .act)
        #expect(log.calls.last?.number == 701)
    }

    @Test func callsComeAndGo() {
        var driver = Driver()
        driver.send(
            .called(
                CallRecord(
                    kind: .act, time: World.start, milliseconds: 3, what: "commit 7", result: "done", isFailure: false)
            ))
        driver.type("3@")
        #expect(driver.text.contains("commit 7"))
        driver.type("@")
        #expect(driver.model.screen == .groups)
    }
}
