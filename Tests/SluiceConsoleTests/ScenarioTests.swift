import Testing

@testable import SluiceConsole

/// The screen of the scenarios.
@Suite struct ScenarioTests {
    @Test func aScenarioIsChosenAndStarted() {
        var driver = Driver()
        driver.type(":scenarios\nj\n")
        #expect(driver.model.screen == .scenarios)
        #expect(driver.outside == [.startScenario("peak-shaving")])
    }

    @Test func withoutAPlayerItSaysHow() {
        var driver = Driver()
        driver.model.settings.canStartScenarios = false
        driver.type(":scenarios\n\n")
        #expect(driver.outside.isEmpty)
        #expect(driver.model.notice?.text == "sluice demo async plays it.")
    }

    /// A scenario's key goes to it, even where the console has a meaning for it elsewhere.
    @Test func keysGoToTheScenarioInFront() {
        var driver = Driver()
        var status = GoldenTests.registration
        status.keys = [.init("p", "pause"), .init("b", "break")]
        driver.type(":scenarios\n")
        driver.send(.scenario(status))
        driver.type("pbz")
        #expect(driver.outside == [.scenarioKey("p"), .scenarioKey("b")])
        #expect(driver.model.dialog == nil)
        // On another screen, and in the list, the console's own meaning holds.
        driver.type("2b")
        driver.type(":scenarios\n\tb")
        #expect(driver.outside.count == 2)
    }

    @Test func theListIsATabAway() {
        var driver = Driver()
        driver.type(":scenarios\n")
        driver.send(.scenario(GoldenTests.registration))
        #expect(driver.view.text().contains("The gateway is broken"))
        driver.type("\t")
        #expect(driver.view.text().contains("running"))
        // The running one is not started again.
        driver.type("\n")
        #expect(driver.outside.isEmpty)
        #expect(driver.view.text().contains("The gateway is broken"))
    }

    @Test func peakShavingHasItsOwnScreen() {
        var driver = Driver()
        driver.type(":scenarios\n")
        var status = GoldenTests.scenario
        status.name = "peak-shaving"
        driver.send(.scenario(status))
        #expect(driver.model.screen == .peakShaving)
        driver.type("s")
        #expect(driver.outside == [.scenarioKey("s")])
        // Another scenario leaves the flow's screen to the broker.
        driver.send(.scenario(GoldenTests.registration))
        #expect(!driver.view.text().contains("registration p99"))
    }

    @Test func sentencesAreBrokenBetweenWords() {
        #expect(DisplayWidth.lines("one two three", width: 7) == ["one two", "three"])
        #expect(DisplayWidth.lines("", width: 7) == [])
        #expect(DisplayWidth.lines("overlong word", width: 4) == ["overlong", "word"])
    }
}
