import SluiceAPI
import Testing

@testable import SluiceConsole

@Suite struct KeymapTests {
    @Test func aKeyBoundAnewIsTheOneThatWorksAndIsShown() throws {
        var driver = Driver(size: Size(width: 160, height: 30))
        driver.model.settings.keymap = try Keymap([("publish", ["F11"]), ("topics", ["z", "Ctrl-w"])])
        #expect(driver.line(29).contains("F11 publish") && driver.line(29).contains("z Topics"))
        driver.type("p")
        #expect(driver.model.dialog == nil)
        driver.type("2")
        #expect(driver.model.screen == .overview)
        driver.press(.control("w"))
        #expect(driver.model.screen == .topics)
        let help = HelpScreen.lines(driver.model.settings.keymap.bindings).map { $0.map(\.text).joined() }
        #expect(help.contains { $0.contains("F11") && $0.contains("Publish a message") })
        driver.press(.function(11))
        #expect(driver.model.dialog?.kind == .publish)
    }

    @Test(
        arguments: [
            ("sort_leg", ["W"], "did you mean sort_lag?"), ("sort_lag", ["B"], "B is sort_behind already"),
            ("sort_lag", ["Ctrl-Z"], "is no key"), ("sort_lag", [], "needs a key"),
            ("confirm", ["Enter"], "no operation"),
            ("sort_lag", ["\u{1B}"], "is no key"), ("commit", ["q"], "q is quit already"),
        ] as [(String, [String], String)])
    func whatCannotBeIsASentence(_ name: String, _ keys: [String], _ words: String) {
        #expect {
            _ = try Keymap([(name, keys)])
        } throws: { error in
            (error as? Keymap.Problem)?.description.contains(words) == true
        }
    }

    /// Two that change places are no clash.
    @Test func keysCanBeSwapped() throws {
        let keymap = try Keymap([("sort_lag", ["B"]), ("sort_behind", ["L"])])
        #expect(keymap.binding(for: .character("L"), on: .groups)?.operation == .sortBehind)
    }
}

@Suite struct LeavingTests {
    private let client = ConnectedClient(
        client: ClientStatus(id: "c1", address: "10.0.0.7:1", language: "JAVA", version: 1, lastSeen: 0), group: "g",
        role: .consumer)

    private func driver(clients: Int) -> Driver {
        var world = World.demo
        world.told[.clients] = .clients(Array(repeating: client, count: clients))
        var driver = Driver(world)
        driver.model.settings.ownsBroker = true
        return driver
    }

    @Test func aBrokerWithoutClientsIsLeftAtOnce() {
        var driver = driver(clients: 0)
        driver.send(.suspendAsked)
        driver.type("q")
        #expect(driver.outside == [.suspend, .quit])
    }

    @Test func clientsAreAskedFor() {
        var driver = driver(clients: 1)
        for (event, effect) in [(Event.key(.character("q")), Effect.quit), (.suspendAsked, .suspend)] {
            driver.outside = []
            driver.send(event)
            #expect(driver.text.contains("1 client would lose it"))
            driver.type("\n")
            driver.type("\u{1B}")
            #expect(driver.outside.isEmpty && driver.model.leaving == nil)
            driver.send(event)
            driver.type("y")
            #expect(driver.outside == [effect])
        }
    }

    /// A broker that does not answer keeps nobody in.
    @Test func yLeavesWithoutAnAnswer() {
        var driver = driver(clients: 1)
        driver.isAnswering = false
        driver.type("q")
        #expect(driver.outside.isEmpty && driver.text.contains("Asking who is connected"))
        driver.type("y")
        #expect(driver.outside == [.quit])
        driver.outside = []
        driver.type(":q!\n")
        #expect(driver.outside == [.quit])
    }

    @Test func aConsoleBesideABrokerJustLeaves() {
        var driver = driver(clients: 3)
        driver.model.settings.ownsBroker = false
        driver.type("q")
        #expect(driver.outside == [.quit])
    }
}
