import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

@Suite struct NavigationTests {
    @Test func numbersGoToScreens() {
        var driver = Driver()
        for (index, screen) in Screen.numbered.enumerated() {
            driver.type(String(index + 1))
            #expect(driver.model.screen == screen)
        }
        driver.press(.function(2))
        #expect(driver.model.screen == .topics)
    }

    @Test func historyWorksAsInABrowser() {
        var driver = Driver()
        driver.type("234")
        driver.type("[[")
        #expect(driver.model.screen == .topics)
        driver.type("]")
        #expect(driver.model.screen == .groups)
        driver.type("5")
        driver.type("]")
        #expect(driver.model.screen == .transactions)
        driver.type("-")
        #expect(driver.model.screen == .groups)
        driver.type("-")
        #expect(driver.model.screen == .transactions)
    }

    @Test func enterGoesDownAndEscUp() {
        var driver = Driver()
        driver.type("2/^orders$\n\n")
        #expect(driver.model.place == .topic("orders"))
        driver.type("j\n")
        #expect(driver.model.place == .messages(QueueID("orders", 1)))
        driver.type("\n")
        #expect(driver.model.screen == .message)
        driver.type("\u{1B}\u{1B}\u{1B}")
        #expect(driver.model.place == .topics)
        #expect(driver.model.list.filter != nil)
        driver.type("\u{1B}")
        #expect(driver.model.place == .topics && driver.model.list.filter == nil)
        driver.type("\u{1B}")
        #expect(driver.model.place == .overview)
    }

    @Test func whatNeedsAHandIsOneEnterAway() {
        var driver = Driver()
        driver.run(seconds: 12)
        #expect(
            driver.model.attention.map(\.id) == ["halves", "set aside", "group billing", "group 对账", "dead sms-sender"])
        driver.type("jj\n")
        #expect(driver.model.place == .group("billing"))
        driver.type("1")
        driver.press(.home)
        driver.type("\n")
        #expect(driver.model.place == .transactions)
    }

    @Test func theSelectionStaysOnItsRow() {
        var driver = Driver()
        driver.type("2jj")
        let chosen = driver.model.selectedRow?.id
        #expect(chosen == "orders")
        driver.world.topics.insert(World.topic("aaa", queues: 1, depth: 1), at: 0)
        driver.run(seconds: 1)
        #expect(driver.model.selectedRow?.id == chosen)
        #expect(driver.model.list.selected == 3)
        driver.world.topics.removeAll { $0.config.name == chosen }
        driver.run(seconds: 1)
        #expect(driver.model.list.selected == 3)
    }

    @Test func sortsTurnRoundWhenAskedTwice() {
        var driver = Driver()
        driver.type("2D")
        #expect(driver.model.rows.first?.id == "orders")
        #expect(driver.text.contains("↓depth"))
        driver.type("D")
        #expect(driver.model.rows.first?.id == "coupon")
        #expect(driver.text.contains("↑depth"))
        driver.type("a")
        #expect(driver.model.rows.contains { $0.id == "%DLQ%sms-sender" })
    }

    @Test func messagesArePagedThrough() {
        var driver = Driver(size: Size(width: 80, height: 24))
        driver.type(":topic orders\n\n")
        let rows = driver.model.pageRows
        #expect(driver.model.selectedRow?.id == "151139")
        driver.press(.pageUp)
        #expect(driver.model.rows.first?.id == String(151_140 - 2 * rows))
        driver.press(.home)
        #expect(driver.model.selectedRow?.id == "625")
        driver.press(.up, .pageUp)
        #expect(driver.model.rows.first?.id == "625")
        driver.press(.pageDown)
        #expect(driver.model.rows.first?.id == String(625 + rows))
        driver.type("o1000\n")
        #expect(driver.model.selectedRow?.id == "1000")
        driver.type("o9\n")
        #expect(driver.text.contains("holds 625 to 151,139"))
        driver.type(">")
        #expect(driver.model.place == .messages(QueueID("orders", 1)))
    }

    @Test func theNewestPageFollowsItsQueue() {
        var driver = Driver()
        driver.type(":topic orders\n\n")
        driver.world.queuesOfTopic["orders"]?[0].maxOffset += 5
        driver.run(seconds: 1, isIdle: true)
        #expect(driver.model.rows.last?.id == "151144")
        driver.press(.up)
        driver.asked = []
        driver.run(seconds: 3, isIdle: true)
        #expect(!driver.asked.contains { if case .page = $0 { true } else { false } })
    }

    @Test func commandsHaveAliasesAndCompletion() {
        var driver = Driver()
        driver.type(":tx\n")
        #expect(driver.model.screen == .transactions)
        driver.type(":flo\n")
        #expect(driver.model.screen == .peakShaving)
        driver.type(":group ord\t\n")
        #expect(driver.model.place == .group("order-landing"))
        driver.type(":interval 5s\n")
        #expect(driver.model.refreshInterval == 5000)
        driver.type(":interval 5 years\n")
        #expect(driver.text.contains("An interval is"))
        driver.type(":theme clear\n")
        #expect(driver.outside.contains(.loadTheme("clear")))
        driver.type(":nonsense\n")
        #expect(driver.text.contains("No command nonsense"))
        driver.type(":")
        driver.press(.up, .up)
        #expect(driver.model.prompt?.field.text == "theme clear")
        driver.type("\u{1B}:q\n")
        #expect(driver.outside.last == .quit)
    }

    @Test func zoomAsksForOtherBars() {
        var driver = Driver()
        driver.type("4+")
        #expect(driver.asked.contains { if case .histogram(_, 15_000, 62) = $0 { true } else { false } })
        #expect(driver.text.contains("next 15m · 15s a bar"))
        driver.type("------------")
        #expect(driver.model.zoom == DelayZoom.widths.count - 1)
    }

    @Test func scenarioKeysGoOut() {
        var driver = Driver()
        driver.send(.scenario(GoldenTests.scenario))
        driver.type("s")
        #expect(!driver.outside.contains(.scenarioKey("s")))
        driver.type("7s")
        #expect(driver.outside.contains(.scenarioKey("s")))
        #expect(driver.text.contains("database p99"))
        #expect(driver.text.contains("sync: on disk before it is acknowledged"))
    }

    @Test func themesAreSeenWhileTheyAreChosen() {
        var driver = Driver()
        driver.type("t")
        _ = driver.model.update(.answer(.themes(["sluice-dark", "clear", "mine"])))
        driver.type("j")
        #expect(driver.outside.last == .loadTheme("clear"))
        driver.type("j\n")
        #expect(driver.outside.last == .loadTheme("mine"))
        #expect(driver.model.dialog == nil)
        _ = driver.model.update(.answer(.theme(TestTheme.theme, problem: "mine.toml line 3: what is a colur?")))
        #expect(driver.text.contains("mine.toml line 3"))
    }

    @Test func clicksSelectAndOpen() {
        var driver = Driver(size: Size(width: 120, height: 30))
        driver.type("2")
        driver.send(.mouse(Mouse(x: 10, y: 5, kind: .press)))
        #expect(driver.model.list.selected == 2)
        driver.send(.mouse(Mouse(x: 10, y: 5, kind: .doublePress)))
        #expect(driver.model.place == .topic("orders"))
        driver.send(.mouse(Mouse(x: 14, y: 29, kind: .press)))
        #expect(driver.model.place == .topics)
    }
}
