import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// The dialog that all operator's actions share.
@Suite struct OperateTests {
    static func dialog(_ count: Int = 1, risk: OperateDialog.Risk = .confirm) -> OperateDialog {
        OperateDialog(
            title: "Deliver now?", verb: "deliver", feature: .delayNow, reversal: .final("what was delivered stays."),
            risk: risk, fields: [.text("Topic", "orders")],
            make: { fields, _ in
                guard !fields[0].value.isEmpty else { return .failure(.init(text: "Which topic?")) }
                return .success((0..<count).map { .deliverNow(id: "\($0)", topic: fields[0].value) })
            })
    }

    private func open(_ dialog: OperateDialog, _ world: World = .demo) -> Driver {
        var driver = Driver(world, size: Size(width: 100, height: 30))
        driver.acts = []
        driver.perform { $0.open(dialog, &$1) }
        return driver
    }

    @Test func triesFirstAndDoesItWithYAlone() {
        var driver = open(Self.dialog())
        let action = OperatorAction.deliverNow(id: "0", topic: "orders")
        #expect(driver.acts == [.operate(action, reason: "", dryRun: true)])
        #expect(driver.text.contains("Dry run: would do it."))
        #expect(driver.text.contains("Final: what was delivered stays."))
        driver.type("\n\n\t\n")
        driver.type("bank\t\n\t\ny")
        #expect(driver.acts.count == 1)
        driver.type("confirmy")
        #expect(driver.acts.last == .operate(action, reason: "bank", dryRun: false))
        #expect(driver.model.dialog == nil)
        #expect(driver.text.contains("Did it."))
    }

    @Test func whatIsReversibleNeedsNoWord() {
        var driver = open(Self.dialog(risk: .run))
        driver.type("\t\ty")
        #expect(driver.acts.count == 2)
    }

    @Test func aNameHasToBeTyped() {
        var driver = open(Self.dialog(risk: .type(what: "name", "orders")))
        driver.type("\twhy\torder")
        driver.press(.tab)
        driver.type("y")
        #expect(driver.acts.count == 1)
        #expect(driver.text.contains("Type the name orders to go on."))
        driver.type("s")
        driver.type("y")
        #expect(driver.acts.count == 2)
    }

    @Test func severalAreDoneOneByOneAndAllSaid() {
        var driver = open(Self.dialog(3))
        #expect(driver.acts.count == 3)
        driver.type("\twhy\tconfirmy")
        #expect(driver.acts.count == 6)
        #expect(driver.text.contains("3 done"))
        driver.press(.escape)
        #expect(driver.model.dialog == nil)
    }

    @Test func whatTheDryRunRefusesIsNotDone() {
        var world = World.demo
        world.error = nil
        var driver = Driver(world)
        driver.world.error = APIError(.conflict, "It was delivered at 14:03:20.")
        driver.perform { $0.open(Self.dialog(), &$1) }
        driver.type("\twhy\tconfirmy")
        #expect(driver.acts.allSatisfy { !$0.changesState })
        #expect(driver.text.contains("It was delivered at 14:03:20."))
    }

    @Test func anEmptyFieldIsAskedFor() {
        var driver = open(Self.dialog())
        driver.press(.control("u"))
        #expect(driver.text.contains("Which topic?"))
        driver.type("\twhy\tconfirmy")
        #expect(driver.acts.count == 1)
    }

    @Test func readOnlyRefuses() {
        var driver = Driver(readOnly: true)
        driver.perform { $0.open(Self.dialog(), &$1) }
        driver.type("\twhy\tconfirmy")
        #expect(driver.acts.allSatisfy { !$0.changesState })
        #expect(driver.text.contains("read-only"))
    }

    // MARK: Features
    @Test func whatABrokerCannotDoIsSaid() {
        var world = World.demo
        let why = "A RocketMQ broker has no gate."
        world.told[.features] = .features([.gateLimit: .unavailable(why), .delayNow: .substitute("It is sent again.")])
        var driver = Driver(world)
        #expect(driver.model.whyNot(.gateLimit) == why)
        #expect(driver.model.whyNot(.delayNow) == nil)
        driver.perform { $0.open(Self.dialog(), &$1) }
        #expect(driver.text.contains("It is sent again."))
    }

    @Test func featuresAreAskedAgainAfterAnOutage() {
        var driver = Driver()
        #expect(driver.asked.contains(.question(.features)))
        driver.asked = []
        driver.run(seconds: 3)
        #expect(!driver.asked.contains(.question(.features)))
        driver.world.error = APIError(.unreachable, "Nobody answers at 10.0.0.7:10911.")
        driver.run(seconds: 3)
        driver.world.error = nil
        driver.asked = []
        driver.run(seconds: 2)
        #expect(driver.asked.contains(.question(.features)))
        #expect(driver.text.contains("Answering again"))
    }
}

extension Driver {
    /// Does something to the model that no key does, and carries out what it wants.
    mutating func perform(_ change: (inout ConsoleModel, inout [Effect]) -> Void) {
        var effects: [Effect] = []
        change(&model, &effects)
        run(effects)
    }
}
