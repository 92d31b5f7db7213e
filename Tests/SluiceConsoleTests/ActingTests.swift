import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

@Suite struct ActingTests {
    // MARK: Commit and rollback
    @Test func committingNeedsReasonKeyAndY() {
        var driver = Driver()
        driver.type("5jc")
        #expect(driver.text.contains("goes to billing (1 client)"))
        driver.type("\n\n")
        driver.press(.tab, .tab)
        driver.type("y\n")
        #expect(driver.changes.isEmpty)
        #expect(driver.text.contains("say why"))
        driver.type("the bank says yes\t")
        driver.type("order-8821")
        driver.press(.tab)
        driver.type("y")
        #expect(driver.changes.isEmpty)
        driver.type("3\n\n")
        #expect(driver.changes.isEmpty)
        driver.type("y")
        let commit = OperatorAction.resolve(id: World.id(1), .commit)
        #expect(driver.changes == [.operate(commit, reason: "the bank says yes", dryRun: false)])
        #expect(driver.text.contains("offset 4,411"))
        driver.type("\u{1B}")
        #expect(driver.model.dialog == nil)
        #expect(!driver.text.contains("order-88213"))
    }

    @Test func yInAReasonIsALetter() {
        var driver = Driver()
        driver.type("5jcyyy")
        guard case .operate(let dialog) = driver.model.dialog else { return #expect(Bool(false)) }
        #expect(dialog.reason.text == "yyy")
        #expect(driver.changes.isEmpty)
    }

    @Test func aConflictIsShownAsSuch() {
        var driver = Driver()
        driver.type("5jxnot paid\torder-88213")
        driver.world.conflict = APIError(.conflict, "It was rolled back by its producer.")
        driver.type("y")
        #expect(driver.text.contains("It was rolled back by its producer."))
        // What the broker refuses when it is tried is not done at all.
        driver.type("\u{1B}xnot paid\torder-88213y")
        #expect(driver.changes.count == 1)
        #expect(driver.text.contains("The dry run says that it cannot be done."))
    }

    @Test func markedHalvesAreResolvedOneByOne() {
        var driver = Driver()
        driver.type("5j  c")
        #expect(driver.text.contains("Commit 2 half messages?"))
        driver.type("both paid\t2y")
        #expect(driver.changes.count == 2)
        #expect(driver.model.list.marks.isEmpty)
    }

    @Test func anErrorStopsTheRest() {
        var driver = Driver()
        driver.type("5j  c")
        driver.world.conflict = APIError(.unavailable, "The disk is full.")
        driver.type("both paid\t2y")
        #expect(driver.changes.count == 1)
        #expect(driver.text.contains("not tried after that"))
    }

    // MARK: Replay
    @Test func aGroupIsMovedAsItsPreviewSays() {
        var driver = Driver()
        driver.type(":group order-landing\nr")
        #expect(driver.acts.count == 1)
        #expect(driver.text.contains("again"))
        driver.press(.right)
        driver.press(.right)
        driver.press(.tab)
        driver.type("-10m")
        let target = OffsetTarget.time(driver.model.now - 600_000)
        let preview = ResetRequest(group: "order-landing", topic: "orders", target: target, dryRun: false)
        #expect(driver.acts.last == .operate(.reset(preview), reason: "", dryRun: true))
        driver.press(.tab)
        driver.type("too far\tconfirm\n")
        #expect(driver.acts.allSatisfy { !$0.changesState })
        // Time goes on between preview and commit: what was shown is what is done.
        driver.run(seconds: 5)
        driver.type("y")
        #expect(driver.acts.last == .operate(.reset(preview), reason: "too far", dryRun: false))
        #expect(driver.text.contains("was moved"))
    }

    @Test func aBroadcastGroupIsNotMoved() {
        var driver = Driver()
        driver.type("3/push\nr")
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("broadcasting"))
    }

    @Test func markedMessagesGoOutAgain() {
        var driver = Driver()
        driver.type(":topic orders\n\n")
        driver.press(.home)
        driver.type("  ")
        // Marks outlive their page.
        driver.press(.end)
        driver.type("r")
        #expect(driver.text.contains("Publish 2 messages again?"))
        driver.type("orders-again\tlost\tconfirmy")
        let places = [625, 626].map { World.message("orders", 0, $0).physicalOffset }
        #expect(driver.acts.last == .operate(.republish(places, to: "orders-again"), reason: "lost", dryRun: false))
    }

    // MARK: Publish
    @Test func publishing() {
        var driver = Driver()
        driver.type("p茶 orders")
        driver.press(.control("u"))
        driver.type("orders\tpaid\tk1 k2\t请放门口\t90s")
        driver.press(.control("s"))
        let message = Message(
            topic: "orders", body: Array("请放门口".utf8), tag: "paid", keys: ["k1", "k2"],
            delay: .after(milliseconds: 90_000))
        #expect(driver.acts == [.publish(message)])
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("Waiting for its moment"))
    }

    @Test func publishingAHalf() {
        var driver = Driver()
        driver.type("porders\t\t\tx\t\t\t \tpay-service")
        driver.press(.control("s"))
        guard case .publishHalf(let message, let group)? = driver.acts.last else { return #expect(Bool(false)) }
        #expect(message.topic == "orders")
        #expect(group == "sluice-consolepay-service")
    }

    @Test func badInputStaysInTheForm() {
        var driver = Driver()
        driver.type("p")
        driver.press(.control("s"))
        #expect(driver.text.contains("Which topic?"))
        driver.type("orders\t\t\t\tsoonish")
        driver.press(.control("s"))
        #expect(driver.text.contains("Not a delay"))
        #expect(driver.acts.isEmpty)
        driver.world.error = APIError(.invalid, "A topic name has at most 127 characters.")
        driver.press(.control("u"), .control("s"))
        #expect(driver.text.contains("at most 127 characters"))
        #expect(driver.model.dialog != nil)
    }

    @Test func pastedTextIsOneBody() {
        var driver = Driver()
        driver.type("porders\t\t\t")
        driver.send(.paste("line 1\nline 2 q y"))
        driver.press(.control("s"))
        guard case .publish(let message)? = driver.acts.last else { return #expect(Bool(false)) }
        #expect(String(decoding: message.body, as: UTF8.self) == "line 1\nline 2 q y")
    }

    // MARK: Read-only
    @Test(arguments: [
        "p", "5jc", "5jx", "3r", ":group billing\nr", ":topic orders\n\nr", ":publish\n", ":replay billing\n", "4x",
        "4n", "4r", "5ja", ":topic orders\nr", "2r", "u",
        ":replay-time orders\n",
    ])
    func readOnlyRefuses(_ keys: String) {
        var driver = Driver(readOnly: true)
        driver.type(keys)
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("read-only: it was started to look"))
        #expect(driver.acts.isEmpty)
    }

    @Test func theRunnerRefusesToo() async {
        let runner = EffectRunner(admin: FakeAdmin(world: .demo), readOnly: true)
        let act = Act.operate(.resolve(id: World.id(1), .commit), reason: "x", dryRun: false)
        guard case .answer(.done(_, .failure(let error)))? = await runner.run(.act(Ticket(1), act)) else {
            return #expect(Bool(false))
        }
        #expect(error.code == .refused)
        let look = Act.operate(
            .reset(ResetRequest(group: "billing", topic: "pay", target: .first, dryRun: true)), reason: "", dryRun: true
        )
        guard case .answer(.done(_, .success))? = await runner.run(.act(Ticket(2), look)) else {
            return #expect(Bool(false))
        }
    }

    @Test func theRunnerTurnsEverythingIntoAnswers() async {
        let runner = EffectRunner(admin: FakeAdmin(world: .demo))
        guard
            case .answer(.reply(Ticket(7), .topics, .success(.topics(let topics))))? = await runner.run(
                .ask(Ticket(7), .topics))
        else { return #expect(Bool(false)) }
        #expect(topics == World.demo.topics)
        guard case .answer(.reply(_, _, .failure(let error)))? = await runner.run(.ask(Ticket(8), .topic("nope")))
        else {
            return #expect(Bool(false))
        }
        #expect(error.code == .notFound)
        #expect(await runner.run(.quit) == nil)
    }
}

extension Optional where Wrapped == Event {
    fileprivate static func == (event: Event?, nothing: _OptionalNilComparisonType) -> Bool {
        if case .none = event { return true }
        return false
    }
}
