import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Clicks and the wheel, aimed at what the picture shows.
@Suite struct MouseTests {
    private func driver(_ screen: Screen = .overview) -> Driver {
        Driver(size: Size(width: 120, height: 40), screen: screen)
    }

    @Test func aColumnsTitleOrdersByIt() throws {
        var driver = driver(.groups)
        try driver.click("lag")
        #expect(driver.model.list.sort == .lag && driver.model.list.descending)
        try driver.click("↓lag")
        #expect(driver.model.list.sort == .lag && !driver.model.list.descending)
        try driver.click("behind")
        #expect(driver.model.list.sort == .behind)
    }

    @Test func aDialogIsFilledInByClicks() throws {
        var driver = driver(.transactions)
        driver.type("jc")
        try driver.click("Type the key")
        driver.type("order-88213")
        try driver.click("Reason")
        driver.type("the bank says yes")
        try driver.click("y commit")
        #expect(driver.acts.contains { $0.changesState })
        try driver.click("Esc")
        #expect(driver.model.dialog == nil)
    }

    @Test func aClickedKeyGuardsAsTheKeyDoes() throws {
        var driver = driver(.transactions)
        driver.type("jc")
        try driver.click("Tab, y")
        #expect(driver.acts.allSatisfy { !$0.changesState })
        #expect(driver.text.contains("A reason goes into the record"))
    }

    @Test func aChoiceIsClicked() throws {
        var driver = driver()
        driver.type(":group order-landing\nr")
        try driver.click(" last ")
        guard case .operate(let open) = driver.model.dialog else {
            Issue.record("no dialog")
            return
        }
        #expect(open.fields[2].value == "last" && open.focus == .field(2))
    }

    @Test func listsOfADialogFollowClicksAndTheWheel() throws {
        var driver = driver()
        driver.type("i")
        try driver.click("10s")
        guard case .chooser(let chooser)? = driver.model.dialog else {
            Issue.record("no list")
            return
        }
        #expect(chooser.choices[chooser.selected] == "10s")
        driver.send(.mouse(Mouse(x: 1, y: 1, kind: .wheelDown)))
        try driver.click("30s", .doublePress)
        #expect(driver.model.dialog == nil && driver.model.refreshInterval == 30_000)
    }

    @Test func theWheelGoesThroughFields() {
        var driver = driver(.topics)
        driver.type("p")
        guard case .publish(let before)? = driver.model.dialog else {
            Issue.record("no form opened")
            return
        }
        driver.send(.mouse(Mouse(x: 60, y: 30, kind: .wheelDown)))
        guard case .publish(let after)? = driver.model.dialog else {
            Issue.record("the wheel closed the form")
            return
        }
        #expect(after.focus.rawValue == before.focus.rawValue + 1)
    }

    @Test func leavingIsConfirmedByAClick() throws {
        var driver = driver()
        driver.model.settings.ownsBroker = true
        driver.isAnswering = false
        driver.type("q")
        try driver.click("y leave")
        #expect(driver.outside.contains(.quit))
    }
}

extension Driver {
    /// Clicks in the middle of a text that is on the screen.
    mutating func click(_ text: String, _ kind: Mouse.Kind = .press) throws {
        let size = model.size
        let view = self.view
        for y in (0..<size.height).reversed() {
            let line = view.row(y).map { $0.glyph.isContinuation ? "" : $0.glyph.text }
            for x in line.indices where line[x...].joined().hasPrefix(text) {
                return send(.mouse(Mouse(x: x + text.count / 2, y: y, kind: kind)))
            }
        }
        throw Missing(text: text)
    }

    struct Missing: Error { var text: String }
}
