import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Taking acts back, and acts without a dialog.
@Suite struct UndoTests {
    private func driver(_ screen: Screen = .overview) -> Driver {
        Driver(size: Size(width: 120, height: 40), screen: screen)
    }

    @Test func aResetIsMovedBackQueueByQueue() {
        var driver = driver()
        driver.type(":group order-landing\nr")
        let before = (driver.world.queuesOfGroup["order-landing"] ?? []).map(\.offset)
        driver.press(.tab)
        driver.type("\tconfirmy")
        #expect(driver.world.queuesOfGroup["order-landing"]?.map(\.offset) != before)
        driver.press(.escape)
        #expect(driver.text.contains("u moves order-landing back on 8 queues"))
        driver.type("u")
        #expect(driver.world.queuesOfGroup["order-landing"]?.map(\.offset) == before)
        #expect(driver.text.contains("Taken back: 8 acts done."))
        // Once is enough.
        let count = driver.acts.count
        driver.type("u")
        #expect(driver.acts.count == count)
        #expect(driver.text.contains("nothing to take back"))
    }

    @Test func aRescheduleGetsItsOldMomentBack() throws {
        var driver = driver(.delays)
        driver.type("j")
        let delay = try #require(driver.model.selectedDelays.first)
        driver.type("r+1h\t\ty")
        #expect(driver.world.delays.first { $0.id == delay.id }?.due == driver.model.now + 3_600_000)
        #expect(driver.text.contains("u gives it its old moment back"))
        driver.type("u")
        #expect(driver.world.delays.first { $0.id == delay.id }?.due == delay.due)
    }

    @Test func whatCouldNotBeTakenBackIsOfferedAgain() throws {
        var driver = driver(.delays)
        driver.type("j")
        let delay = try #require(driver.model.selectedDelays.first)
        driver.type("r+1h\t\ty")
        driver.world.error = APIError(.unreachable, "Nobody answers.")
        driver.type("u")
        #expect(driver.text.contains("Nobody answers.  u gives it its old moment back"))
        driver.world.error = nil
        driver.run(seconds: 90)
        driver.type("u")
        #expect(driver.world.delays.first { $0.id == delay.id }?.due == delay.due)
        let count = driver.acts.count
        driver.type("u")
        #expect(driver.acts.count == count)
    }

    @Test func anUndoWhoseGroundIsGoneIsNot() throws {
        var driver = driver(.delays)
        driver.type("j")
        let delay = try #require(driver.model.selectedDelays.first)
        driver.type("r+1h\t\ty")
        driver.world.delays.removeAll { $0.id == delay.id }
        driver.type("uu")
        #expect(driver.text.contains("nothing to take back"))
    }

    @Test func severalOfOneDialogAreTakenBackTogether() {
        var driver = driver(.delays)
        driver.type("jj  ")
        let delays = driver.model.selectedDelays
        #expect(delays.count == 2)
        driver.type("r+1h\tlater is fine\t2y")
        driver.press(.escape)
        #expect(driver.text.contains("u takes 2 acts back"))
        driver.type("u")
        for delay in delays { #expect(driver.world.delays.first { $0.id == delay.id }?.due == delay.due) }
    }

    @Test func whatIsFinalIsNotOffered() {
        var driver = driver(.delays)
        driver.type("j")
        let key = driver.model.selectedDelays.first?.keys.first ?? ""
        driver.type("xcampaign over\t\(key)y")
        #expect(driver.acts.last?.changesState == true)
        #expect(!driver.text.contains(" u gives"))
        let count = driver.acts.count
        driver.type("u")
        #expect(driver.acts.count == count)
    }

    @Test func whatWasPublishedIsFinal() {
        var driver = driver(.delays)
        driver.type("jr+1h\t\ty")
        driver.type("porders")
        driver.press(.control("s"))
        let count = driver.acts.count
        #expect(!driver.text.contains(" u gives"))
        driver.type("u")
        #expect(driver.acts.count == count)
    }

    @Test func itIsOfferedForTwoMinutes() {
        var driver = driver(.delays)
        driver.type("jr+1h\t\ty")
        driver.run(seconds: 125)
        let count = driver.acts.count
        driver.type("u")
        #expect(driver.acts.count == count)
        #expect(driver.text.contains("nothing to take back"))
    }

    @Test func aPausedReplayGoesOn() {
        var driver = driver()
        driver.type(":replay-time orders\n")
        #expect(driver.text.contains("would store 1200 messages of orders again"))
        driver.press(.tab, .tab, .tab)
        driver.press(.right, .tab)
        driver.type("lost by the landing\tconfirmy")
        #expect(driver.model.screen == .replays)
        #expect(driver.world.replays.first?.plan.speed == 2)
        driver.type(" ")
        #expect(driver.world.replays.first?.state == .paused)
        #expect(driver.text.contains("u lets replay 1 go on"))
        driver.type("u")
        #expect(driver.world.replays.first?.state == .running)
        // Cancelling is final: a word first.
        driver.type("xy")
        #expect(driver.world.replays.first?.state == .running)
        driver.press(.escape)
        driver.type("xtoo much\tconfirmy")
        #expect(driver.world.replays.first?.state == .cancelled)
    }

    @Test func whatWasCreatedIsDeletedOnlyAfterItsName() {
        var driver = driver()
        let create = OperatorAction.updateTopic(TopicConfig(name: "fresh"), mustBeNew: true)
        driver.perform { $0.run(Chain(what: "Created", actions: [create], reason: ""), &$1) }
        #expect(driver.text.contains("u deletes fresh again, after asking"))
        driver.type("uy")
        #expect(!driver.acts.contains { if case .operate(.deleteTopic, _, false) = $0 { true } else { false } })
        driver.press(.escape)
        driver.type("utried it\tfreshy")
        #expect(driver.acts.last == .operate(.deleteTopic("fresh"), reason: "tried it", dryRun: false))
    }

    @Test func askingAgainAboutOneIsDoneAtOnce() {
        var driver = driver(.transactions)
        driver.type("ja")
        #expect(driver.acts == [.operate(.recheck(id: World.id(1)), reason: "", dryRun: false)])
        driver.type("*a")
        #expect(driver.acts.allSatisfy { $0 == driver.acts[0] || !$0.changesState })
        driver.type("\ty")
        #expect(driver.acts.filter(\.changesState).count == 6)
    }

    @Test func aHalfThatSomebodyResolvedIsSaidPerHalf() {
        var driver = driver(.transactions)
        driver.type("*c")
        let ids = driver.model.selectedHalves.map(\.id)
        driver.world.halves.removeAll { $0.id == ids[1] }
        driver.type("all paid\t\(ids.count)y")
        #expect(driver.acts.filter(\.changesState).count == ids.count)
        #expect(driver.text.contains("\(ids.count - 1) done, 1 not"))
    }
}
