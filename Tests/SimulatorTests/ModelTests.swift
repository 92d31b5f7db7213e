import SluiceBroker
import SluiceMessage
import SluiceStorage
import Testing

@testable import SluiceSimulator

@Suite("The model of the simulated worlds")
struct ModelTests {
    /// A world that keeps messages for half an hour.
    private func forgetfulWorld() throws -> World {
        for seed in UInt64(1)...100 {
            let world = try World(seed: seed)
            let settings = world.settings
            if settings.store.retainMilliseconds == 30 * 60_000, settings.store.segmentBytes == 32 << 10 {
                return world
            }
        }
        throw Violation(.restart, "no seed up to 100 makes such a world")
    }

    private func publish(_ world: World, _ topic: String, bytes: Int = 10, delay: Delay? = nil) throws -> Int {
        let number = world.model.sent.count
        let sent = Sent(
            number: number, topic: topic, queue: 0, tag: nil, keys: [], bodySize: bytes, flag: 0, delay: delay,
            producerGroup: nil, producer: 0)
        world.model.sent.append(sent)
        let made = BrokerHarness.batch([sent.message], transaction: nil, bornAt: world.now)
        var asked = Asked(.publish, .publish(made.source))
        asked.batch = made
        world.ask(asked)
        try world.settle()
        #expect(made.batch.error(0) == nil)
        return number
    }

    @Test("what a new queue held and lost between two looks is no debt of the delays that ended in it")
    func goneUnseen() throws {
        let world = try forgetfulWorld()
        let delayed = try publish(world, "auto-a", delay: .after(milliseconds: 1_000))
        try world.follow()
        #expect(world.model.pendingWaits().map(\.number) == [delayed])
        // It comes, the log goes on, and retention takes both records before anybody looks again.
        world.now += 2_000
        try world.settle()
        let queue = try #require(try world.bounds(QueueID("auto-a", 0)))
        #expect(queue == (0, 1))
        for _ in 0..<20 { _ = try publish(world, "mail", bytes: 4_000) }
        for _ in 0..<400 where try world.bounds(QueueID("auto-a", 0))?.0 == 0 {
            world.now += 60_000
            world.takeCheckpoint(force: true)
            try world.settle()
        }
        #expect(try world.bounds(QueueID("auto-a", 0))?.0 == 1)
        try world.follow()
        #expect(world.model.pendingWaits().isEmpty)
    }

    @Test("a group that came by being used, unseen, and was changed then may be found as it came")
    func changedUnseen() throws {
        let world = try World(seed: 1)
        _ = try publish(world, "orders")
        for group in world.settings.groups {
            let queue = QueueID("orders", 0)
            world.ask(Asked(.commit, .commit([OffsetCommit(group: group, queue: queue, offset: 0)])))
            _ = world.move(group, queue, 0)
        }
        try world.settle()
        // The change is not written when the process goes.
        world.updateGroup()
        try world.turn()
        try world.restart(.kill)
        try world.sweep(deep: true)
    }

    @Test("a delay whose record is gone and that nobody saw delivered is a debt where nothing came unseen")
    func stillOwed() throws {
        let world = try forgetfulWorld()
        _ = try publish(world, "auto-a", delay: .after(milliseconds: 40 * 86_400_000 - 1))
        try world.follow()
        let wait = try #require(world.model.pendingWaits().first)
        world.expired.append(wait.physicalOffset)
        let problem = #expect(throws: Violation.self) { try world.follow() }
        #expect(problem?.invariant == .owed)
    }
}
