import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Figures of a cluster in which a broker is silent, and the cluster's colour.
@Suite struct ClusterFigureTests {
    private static let whole = Coverage(counted: ["broker-a", "broker-b"], without: [])
    private static let part = Coverage(counted: ["broker-a"], without: ["broker-b"])

    @Test(arguments: [Screen.overview, .topics, .groups, .delays, .transactions, .deadLetters])
    func aListSaysWhoIsSilent(_ screen: Screen) {
        var world = World.demo
        (world.coverage, world.delayTotal) = (Self.whole, nil)
        let size = Size(width: 120, height: 40)
        #expect(!Driver(world, size: size, screen: screen).text.contains("broker-b"))
        world.coverage = Self.part
        let text = Driver(world, size: size, screen: screen).text
        #expect(
            text.contains(screen == .delays ? "without broker-b: it is down" : "broker-b does not answer"), "\(text)")
        let header = text.split(separator: "\n").first ?? ""
        #expect(header.contains("halves \(world.halves.count)+") && header.contains("delays \(world.delays.count)+"))
    }

    @Test func unknownNeverLooksLikeNothing() {
        var world = World.demo
        (world.halves, world.delays, world.delayTotal, world.coverage) = ([], [], nil, Self.part)
        let driver = Driver(world, size: Size(width: 120, height: 40), screen: .transactions)
        #expect(!driver.text.contains("Every transaction is resolved"))
        #expect(driver.text.contains("halves ?") && driver.text.contains("delays ?"))
        #expect(Format.count(12, Self.part) == "12+")
        #expect(Format.count(0, Self.part) == "?")
        #expect(Format.count(0, Self.whole) == "0" && Format.count(0, nil) == "0")
        #expect(Format.count(-1, Self.whole) == Format.unknown)
    }

    @Test func aCounterStartsAnewWithOtherBrokers() {
        var track = CounterTrack()
        track.add(-1, at: 0, gap: 5_000, of: ["a"])
        track.add(100, at: 1_000, gap: 5_000, of: ["a"])
        #expect(track.rate == nil, "what was not known before is no growth")
        track.add(110, at: 2_000, gap: 5_000, of: ["a"])
        #expect(track.rate == 10)
        track.add(1_000_000, at: 3_000, gap: 5_000, of: ["a", "b"])
        #expect(track.rate == nil)
        track.add(1_000_020, at: 4_000, gap: 5_000, of: ["a", "b"])
        #expect(track.rate == 20)
    }

    @Test func theHeaderIsInTheClustersColour() {
        let world = World.demo
        var settings = ConsoleSettings(
            connection: "cluster", name: "prod", theme: TestTheme.theme, now: world.now)
        settings.colour = Colour("red")
        var model = ConsoleModel(settings: settings)
        _ = model.update(.resize(Size(width: 80, height: 24)))
        let marked = model.view(Size(width: 80, height: 24))
        #expect(marked.text().contains("cluster · prod"))
        for x in [0, 1, 10] {
            #expect(marked[x, 0].style == Style(.ansi(15), on: .ansi(1), .bold))
        }
        #expect(marked[79, 0].style.background != .ansi(1))
        #expect(Colour("#ffffff")?.ink == .rgb(0, 0, 0) && Colour("#800000")?.ink == .rgb(255, 255, 255))
    }
}
