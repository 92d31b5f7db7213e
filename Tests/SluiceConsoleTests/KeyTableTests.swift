import Testing

@testable import SluiceConsole

@Suite struct KeyTableTests {
    @Test func noKeyMeansTwoThings() {
        #expect(KeyTable.clashes() == [])
    }

    @Test func confirmingIsNeverEnter() {
        for kind in [DialogKind.reset, .replay, .range, .resolve, .operate] {
            #expect(KeyTable.binding(for: .enter, in: kind) == nil)
            #expect(KeyTable.binding(for: .character("y"), in: kind)?.operation == .confirm)
            let keys = KeyTable.bindings.filter { $0.context == .dialog(kind) && $0.operation == .confirm }.flatMap(
                \.keys)
            #expect(keys == [.character("y")])
        }
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
