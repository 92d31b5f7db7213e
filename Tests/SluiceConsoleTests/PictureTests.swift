import SluiceAPI
import Testing

@testable import SluiceConsole

@Suite struct PictureTests {
    @Test func anSVGStandsOnTheGrid() {
        var buffer = CellBuffer(size: Size(width: 10, height: 2), style: Style(.rgb(1, 2, 3), on: .rgb(9, 9, 9)))
        buffer.write("a<&中b", x: 0, y: 0, style: Style(.rgb(255, 0, 0), on: .rgb(9, 9, 9), [.bold, .underline]))
        buffer.write("x", x: 9, y: 1, style: Style(.rgb(0, 0, 1), on: .rgb(0, 255, 0), .reverse))
        let svg = buffer.svg(title: "a \"b\"")
        #expect(svg.contains("<title>a &quot;b&quot;</title>"))
        #expect(svg.contains("<text x=\"0\" y=\"14\" textLength=\"25.2\""))
        #expect(svg.contains(">a&lt;&amp;</text>"))
        // A wide character takes two columns, and what is behind it stands in the sixth.
        #expect(svg.contains("<text x=\"25.2\" y=\"14\" textLength=\"16.8\""))
        #expect(svg.contains("<text x=\"42\" y=\"14\""))
        #expect(svg.contains("fill=\"#ff0000\" font-weight=\"bold\" text-decoration=\"underline\""))
        #expect(svg.contains("x=\"75.6\" y=\"18\" width=\"8.4\" height=\"18\" fill=\"#000001\""))
        #expect(svg.hasSuffix("</svg>\n"))
    }

    @Test(arguments: ConsoleModel.placeNames.filter { !$0.contains(":") } + ["topic:orders", "group:billing"])
    func everyPlaceIsSettledAndReadOut(_ name: String) async {
        let theme = ThemeLibrary(userFolder: nil).load("dusk").theme
        var model = ConsoleModel(
            settings: ConsoleSettings(connection: "embedded", name: "d", theme: theme, now: World.start))
        let isKnown = model.open(name)
        #expect(isKnown)
        var world = World.demo
        world.told[.brokers] = World.steered.told[.brokers]
        await model.settle(
            [.resize(Size(width: 120, height: 40)), .tick(now: World.start)],
            by: EffectRunner(admin: FakeAdmin(world: world)))
        #expect(model.problem == nil)
        let text = model.view(Size(width: 120, height: 40)).text()
        #expect(!text.contains("Asking…"), "\(text)")
        let report = model.plainReport()
        #expect(report[0].hasPrefix(name) && report[1].contains("backlog"))
        // Words only: no line, block or picture characters.
        let odd = report.joined().unicodeScalars.filter { (0x2190...0x2BFF).contains($0.value) }
        #expect(odd.isEmpty, "\(odd.map { String($0) })")
    }

    @Test func aGroupThatIsNotThereIsAProblem() async {
        var model = ConsoleModel(
            settings: ConsoleSettings(connection: "e", name: "d", theme: TestTheme.theme, now: World.start))
        let isKnown = model.open("group:nobody")
        #expect(isKnown)
        await model.settle([.tick(now: World.start)], by: EffectRunner(admin: FakeAdmin(world: .demo)))
        #expect(model.problem?.code == .notFound)
        for bad in ["", "nowhere", "topic:", "topic", "messages:a", "messages:/1", "messages:a/-1", "message:a/1"] {
            let isThere = model.open(bad)
            #expect(!isThere, "\(bad)")
        }
        let isThere = model.open("messages:orders/3")
        #expect(isThere)
    }
}
