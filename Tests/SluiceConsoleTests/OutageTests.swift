import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// A broker that goes and comes back, and answers that never come.
@Suite struct OutageTests {
    private static let gone = APIError(.unreachable, "nobody answers there")

    private func lost(width: Int = 120) -> Driver {
        var driver = Driver(RefreshTests.idle, size: Size(width: width, height: 30))
        driver.type("2")
        driver.world.error = Self.gone
        driver.run(seconds: 4, isIdle: true)
        return driver
    }

    @Test(arguments: [80, 120, 200]) func theBannerCountsAndSaysWhy(_ width: Int) {
        let driver = lost(width: width)
        let banner = driver.line(28)
        #expect(banner.contains("Nobody answers there."), "\(banner)")
        #expect(banner.contains("3 times"), "it does not count its tries: \(banner)")
        #expect(driver.text.contains("orders"), "the last data went")
        // Every cell of the screen is grey.
        let grey = driver.model.theme[.stale].foreground
        let row = (0..<width).map { driver.view[$0, 4] }.filter { $0.glyph != .space }
        #expect(!row.isEmpty && row.allSatisfy { $0.style.foreground == grey })
    }

    @Test func itIsTriedEverySecondHoweverLongTheInterval() {
        var driver = Driver(RefreshTests.idle)
        driver.type("2")
        driver.model.refreshInterval = 60_000
        driver.world.error = Self.gone
        driver.press(.control("r"))
        driver.asked = []
        driver.run(seconds: 3, isIdle: true)
        #expect(driver.asked.filter { $0 == .broker }.count == 3)
        driver.world.error = nil
        driver.asked = []
        driver.run(seconds: 1, isIdle: true)
        #expect(driver.asked.contains(.topics), "what the screen shows is not asked for when somebody answers again")
        #expect(driver.text.contains("Answering again"))
    }

    @Test func keysWorkMeanwhile() {
        for key in [Key.character("q"), .control("c")] {
            var driver = lost()
            driver.press(key)
            #expect(driver.outside.contains(.quit))
        }
    }

    /// What `y` or the like makes of the model, with the ticket of the act that it started.
    private func act(_ driver: inout Driver, _ key: Key) -> Ticket? {
        for effect in driver.model.update(.key(key)) {
            if case .act(let ticket, let act) = effect, act.changesState { return ticket }
        }
        return nil
    }

    @Test func aPublishedMessageWithoutAnAnswerIsUnknown() throws {
        var driver = Driver()
        driver.type("porders\t\t\tbody")
        let ticket = try #require(act(&driver, .control("s")))
        driver.send(.answer(.done(ticket, .failure(Self.gone.afterSending))))
        #expect(driver.text.contains("Outcome unknown: nobody answers there; it may have been done"))
    }

    @Test func anActWithoutAnAnswerIsLookedAtBeforeItIsDoneAgain() throws {
        var driver = Driver(size: Size(width: 120, height: 40))
        driver.type("4x")
        let word = try #require(driver.model.selectedDelays.first.map { $0.keys.first ?? String($0.id.suffix(8)) })
        driver.type("because\t\(word)")
        let ticket = try #require(act(&driver, .character("y")))
        driver.send(.answer(.done(ticket, .failure(Self.gone.afterSending))))
        #expect(driver.text.contains("Outcome unknown"))
        #expect(act(&driver, .character("y")) == nil)
        #expect(driver.text.contains("Press d first"))
        driver.type("d")
        #expect(driver.text.contains("Dry run: "))
        #expect(act(&driver, .character("y")) != nil)
    }

    /// Closed dialogs tell on the status line.
    @Test func anOrphanWithoutAnAnswerIsUnknown() throws {
        var driver = Driver()
        driver.type("porders\t\t\tbody")
        let ticket = try #require(act(&driver, .control("s")))
        driver.press(.escape)
        driver.send(.answer(.done(ticket, .failure(Self.gone.afterSending))))
        #expect(driver.text.contains("Outcome unknown"))
    }

    @Test func aDryRunThatWasNotAnsweredIsOfferedAgain() throws {
        var driver = Driver(size: Size(width: 120, height: 40))
        driver.type("4")
        driver.world.error = Self.gone
        driver.type("x")
        #expect(driver.text.contains("Dry run: not answered, d asks again"))
    }

    @Test func leavingSaysWhyNobodyIsKnownAndAsksAgain() {
        var driver = Driver()
        driver.model.settings.ownsBroker = true
        driver.world.error = Self.gone
        driver.type("q")
        #expect(driver.text.contains("known: Nobody answers there."))
        #expect(driver.text.contains("d try again"))
        driver.world.error = nil
        driver.world.told[.clients] = .clients([])
        driver.type("d")
        #expect(driver.outside.contains(.quit))
    }
}
