import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Gates, limits, topics and groups, dead letters: from a key to the audited action.
@Suite struct SteeringTests {
    private func driver(_ keys: String, _ world: World = .steered, width: Int = 120) -> Driver {
        var driver = Driver(world, size: Size(width: width, height: 40))
        driver.type(keys)
        return driver
    }

    /// What was done for good.
    private func done(_ driver: Driver) -> [OperatorAction] {
        driver.acts.compactMap { if case .operate(let action, _, dryRun: false) = $0 { action } else { nil } }
    }

    // MARK: Gates
    @Test func aGateIsLimitedPausedAndReleased() {
        var driver = driver(":group shipping\ng")
        #expect(driver.text.contains("Dry run: nothing to try yet."))
        driver.type("\t50.5")
        #expect(
            driver.acts.last == .operate(.gate(group: "shipping", .limited(perSecond: 50.5)), reason: "", dryRun: true))
        driver.type("\t\ty")
        #expect(done(driver) == [.gate(group: "shipping", .limited(perSecond: 50.5))])
        driver.type("g")
        driver.press(.right)
        driver.type("\t\tslow database\ty")
        #expect(driver.acts.last == .operate(.gate(group: "shipping", .paused), reason: "slow database", dryRun: false))
        driver.type("g")
        driver.press(.left)
        driver.type("\t\t\ty")
        #expect(done(driver).last == .gate(group: "shipping", .open))
    }

    @Test(arguments: ["0", "0.01", "1000001", "fast", "1e3", "-5"])
    func aLimitOutOfRangeIsSaid(_ text: String) {
        var driver = driver(":group shipping\ng\t\(text)")
        driver.press(.tab)
        driver.press(.tab)
        driver.type("y")
        #expect(driver.text.contains("0.1 to 1,000,000 messages a second"))
        #expect(done(driver).isEmpty)
    }

    @Test func theGateIsSeenInListsAndSaysWhatClientsHold() {
        var driver = driver("3")
        #expect(driver.text.contains("■ paused"))
        driver.type(":group order-landing\ng")
        #expect(driver.text.contains("512 messages already handed out"))
        #expect(driver.text.contains("limited to 2,000/s"))
    }

    @Test func aPausedGroupIsNotCalledStalled() {
        let driver = driver("")
        #expect(driver.text.contains("billing: paused by its gate"))
        #expect(!driver.text.contains("billing: stalled"))
    }

    @Test func aGateThatIsNotToldIsNotOpen() {
        var world = World.steered
        world.told[.gates(group: nil)] = .checks([])
        let driver = driver("3", world)
        #expect(driver.model.gate("shipping") == nil)
        #expect(!driver.text.contains("open"))
    }

    // MARK: Features
    @Test func aBrokerWithoutLimitsCanStillPause() {
        var driver = driver(":group order-landing\ng", .cluster)
        #expect(!driver.text.contains("Messages/s"))
        #expect(driver.text.contains("Pausing shuts off consuming"))
        driver.type("\u{1B}:topic orders\ng")
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("RocketMQ has no publish limit for a topic."))
        // What they cannot tell is not asked for.
        driver.asked = []
        driver.type(":clients\n2")
        driver.run(seconds: 2)
        #expect(!driver.asked.contains(.question(.clients)))
        #expect(!driver.asked.contains(.question(.publishLimits)))
    }

    // MARK: Publish limits
    @Test func aLimitIsSetAndLifted() {
        var driver = driver(":topic sms\ng")
        driver.press(.control("u"))
        driver.type("\t\ty")
        #expect(done(driver) == [.limitPublishing(topic: "sms", perSecond: nil)])
        driver.type(":topic orders\ng1,500\t\ty")
        #expect(done(driver).last == .limitPublishing(topic: "orders", perSecond: 1500))
    }

    // MARK: Topics and groups
    @Test func aTopicIsCreated() {
        var driver = driver("2nrefunds\t")
        driver.press(.control("u"))
        driver.type("4\t\t\t\ty")
        let config = TopicConfig(name: "refunds", readQueues: 4, writeQueues: 8)
        #expect(done(driver) == [.updateTopic(config, mustBeNew: true)])
    }

    @Test func aTopicsQueuesAreCounted() {
        var driver = driver(":topic orders\ne")
        driver.press(.control("u"))
        driver.type("0")
        #expect(driver.text.contains("Queues are 1 to"))
        driver.press(.control("u"))
        driver.type("16\t\t")
        driver.press(.right)
        driver.type("\t\ty")
        let config = TopicConfig(name: "orders", readQueues: 16, writeQueues: 8, permission: .read)
        #expect(done(driver) == [.updateTopic(config, mustBeNew: false)])
    }

    @Test func deletingNeedsReasonAndName() {
        var driver = driver(":topic pay\nX\t\ty")
        #expect(driver.text.contains("say why"))
        driver.type("old\tpa\t\ny")
        #expect(done(driver).isEmpty)
        #expect(driver.text.contains("Type the name pay to go on."))
        driver.type("y")
        #expect(done(driver).isEmpty)
        driver.type("y")
        #expect(done(driver) == [.deleteTopic("pay")])
        driver.world.topics.removeAll { $0.config.name == "pay" }
        driver.run(seconds: 1)
        #expect(driver.text.contains("There is no topic pay."))
        #expect(!driver.text.contains("88,412"))
    }

    @Test func aGroupIsChangedAndKeepsWhatIsNotAsked() {
        var driver = driver(":group billing\ne")
        driver.press(.right)
        driver.type("\t")
        driver.press(.control("u"))
        driver.type("3\t\t\t\ty")
        let config = GroupConfig(name: "billing", consumeEnabled: false, retryMaxTimes: 3)
        #expect(done(driver) == [.updateGroup(config)])
        driver.type("Xgone\tbillingy")
        #expect(done(driver).last == .deleteGroup("billing"))
    }

    // MARK: Dead letters
    @Test func markedDeadLettersGoOutAgain() {
        var driver = driver("6j\n")
        #expect(driver.text.contains("Dead letters of billing"))
        driver.press(.home)
        driver.type(" j ")
        driver.type("r\tfixed\tconfirmy")
        #expect(done(driver) == [.resendDeadLetters(DeadLetterSelection(group: "billing", offsets: [0, 2], queue: 0))])
        #expect(driver.model.markedMessages.isEmpty)
        driver.type("\u{1B}")
        #expect(driver.model.place == .deadLetters)
    }

    @Test func allOfAGroupOrOfMarkedGroupsGo() {
        var driver = driver("6r")
        #expect(driver.text.contains("all dead letters of sms-sender"))
        driver.type("sms\tfixed\tconfirmy")
        let all = DeadLetterSelection(group: "sms-sender", offsets: nil, target: "sms")
        #expect(done(driver) == [.resendDeadLetters(all)])
        driver.type("  r\tfixed\tconfirmy")
        #expect(done(driver).count == 3)
        #expect(driver.text.contains("2 done"))
    }

    /// Each broker has a dead letter queue of its own: the first that holds any is entered, and its title tells of others.
    @Test func onSeveralBrokersTheFirstQueueWithDeadLettersIsEntered() {
        var world = World.cluster
        let second = ClusterQueue.number(broker: 1, queue: 0)
        func queues(_ depths: (Int64, Int64)) -> [QueueStatus] {
            [(0, depths.0), (second, depths.1)].map { queue, depth in
                QueueStatus(queue: queue, minOffset: 0, maxOffset: depth, firstStored: 0, lastStored: 0)
            }
        }
        world.queuesOfTopic["%DLQ%billing"] = queues((0, 4))
        #expect(driver("6j\n", world).model.place == .messages(QueueID("%DLQ%billing", second)))
        #expect(driver("6:dead-letters billing\n", world).model.place == .messages(QueueID("%DLQ%billing", second)))
        world.queuesOfTopic["%DLQ%billing"] = queues((3, 4))
        let both = driver("6j\n", world)
        #expect(both.model.place == .messages(QueueID("%DLQ%billing", 0)))
        #expect(both.text.contains("3 of 7 on broker-a/0, < and > to the others"))
    }

    @Test func allThatPassTheFilterGoHoweverMany() {
        var world = World.steered
        world.queuesOfTopic["%DLQ%billing"] = [
            QueueStatus(queue: 0, minOffset: 5, maxOffset: 905, firstStored: 0, lastStored: 0)
        ]
        var driver = driver("6j\n/order-88[0-9]*7 \nR", world)
        driver.type("\tfixed\tconfirmy")
        guard case .resendDeadLetters(let selection)? = done(driver).first else { return #expect(Bool(false)) }
        let filter = driver.model.list.filter
        let wanted = (5..<905).filter { offset in
            filter?.matches(ConsoleModel.filterText(World.message("%DLQ%billing", 0, Int64(offset)))) == true
        }
        #expect(selection.offsets == wanted.map(Int64.init))
        #expect(wanted.count > 50)
    }

    /// Offsets are those of one queue: which broker's goes with them.
    @Test func offsetsOfAnotherBrokerAreNotTakenForTheFirstOnes() {
        var world = World.cluster
        let second = ClusterQueue.number(broker: 1, queue: 0)
        world.queuesOfTopic["%DLQ%billing"]?.append(
            QueueStatus(queue: second, minOffset: 0, maxOffset: 4, firstStored: 0, lastStored: 0))
        var driver = driver("6j\n>", world)
        #expect(driver.model.place == .messages(QueueID("%DLQ%billing", second)))
        driver.type("r\tfixed\tconfirmy")
        guard case .resendDeadLetters(let selection)? = done(driver).first else { return #expect(Bool(false)) }
        #expect(selection.queue == second && selection.offsets?.count == 1)
    }

    @Test func aFilterThatNothingPassesSendsNothing() {
        let driver = driver("6j\n/nothing like this\nR")
        #expect(driver.model.dialog == nil)
        #expect(driver.acts.isEmpty)
    }

    // MARK: Read-only
    @Test(arguments: ["2n", "2e", "2X", "2g", "3g", "3n", "3e", "3X", "6r", "6j\nr", "6j\nR"])
    func readOnlyRefuses(_ keys: String) {
        var driver = Driver(.steered, readOnly: true)
        driver.type(keys)
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("read-only"))
        #expect(driver.acts.isEmpty)
    }
}
