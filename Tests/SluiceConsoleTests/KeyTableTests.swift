import Testing

@testable import SluiceConsole

@Suite struct KeyTableTests {
    @Test func noKeyMeansTwoThings() {
        #expect(KeyTable.clashes() == [])
    }

    @Test func confirmingIsNeverEnter() {
        #expect(KeyTable.binding(for: .enter, in: .operate) == nil)
        #expect(KeyTable.binding(for: .character("y"), in: .operate)?.operation == .confirm)
        let keys = KeyTable.bindings.filter { $0.context == .dialog(.operate) && $0.operation == .confirm }
        #expect(keys.flatMap(\.keys) == [.character("y")])
    }

    @Test func everyBindingSaysWhatItDoes() {
        for binding in KeyTable.bindings {
            #expect(!binding.help.isEmpty)
            #expect(!binding.keys.isEmpty)
        }
    }

    @Test func commandNamesAreUnique() {
        let names = CommandTable.commands.flatMap(\.names)
        #expect(Set(names).count == names.count)
    }

    @Test func helpNamesEveryKeyOfTheScreens() {
        let text = HelpScreen.lines().map { $0.map(\.text).joined() }.joined(separator: "\n")
        for binding in KeyTable.bindings {
            switch binding.context {
            case .everywhere, .screens: #expect(text.contains(binding.help))
            case .dialog, .prompt: continue
            }
        }
    }

    @Test(arguments: Screen.allCases)
    func everyScreenHasAKeyAndACommand(_ screen: Screen) {
        // Those of one topic, group or queue are opened from their lists.
        guard let place = Location(screen) else { return }
        let keys = KeyTable.bindings.filter { $0.context == .everywhere }.flatMap(\.keys)
        let reached = keys.filter { key in
            var driver = Driver(screen: screen == .topics ? .groups : .topics)
            driver.press(key)
            return driver.model.place == place
        }
        #expect(!reached.isEmpty)
        var driver = Driver(screen: screen == .topics ? .groups : .topics)
        driver.type(":\(screen.rawValue)\n")
        #expect(driver.model.place == place)
    }

    @Test(arguments: Screen.allCases)
    func footerComesFromTheTable(_ screen: Screen) {
        guard let place = Location(screen) else { return }
        var driver = Driver(size: Size(width: 120, height: 30))
        if place != .overview { driver.type(":\(screen.rawValue == "help" ? "help" : screen.rawValue)\n") }
        let footer = driver.line(29)
        #expect(footer.contains("? help"))
        if screen == .transactions { #expect(footer.contains("c commit  x rollback  Space mark")) }
        for (column, character) in footer.enumerated() where character == "?" {
            #expect(Frame.footerKey(at: column, driver.model) == .character("?"))
        }
    }
}
