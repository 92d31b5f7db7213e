import SluiceConsole
import Testing

@testable import SluiceTerminal

@Suite struct ColourTests {
    @Test func depthFromTheNumberOfColours() {
        #expect(
            [-1, 0, 2, 8, 16, 88, 256, 1 << 24, 32_784].map { ColourDepth(colours: $0) } == [
                .mono, .mono, .mono, .eight, .sixteen, .sixteen, .indexed, .indexed, .direct,
            ])
    }

    @Test(arguments: [
        (Colour.rgb(255, 0, 0), ColourDepth.direct, Int32(31_760)), (.rgb(0, 0, 0), .direct, 16),
        (.rgb(255, 255, 255), .direct, 32_783),
        (.rgb(0, 0, 0), .indexed, 16), (.rgb(255, 255, 255), .indexed, 231), (.rgb(255, 0, 0), .indexed, 196),
        (.rgb(18, 18, 18), .indexed, 233), (.rgb(128, 128, 128), .indexed, 244), (.rgb(95, 135, 175), .indexed, 67),
        (.rgb(250, 10, 10), .sixteen, 9), (.rgb(200, 0, 0), .eight, 1), (.rgb(250, 250, 250), .eight, 7),
        (.rgb(10, 10, 10), .sixteen, 0), (.ansi(12), .direct, 12), (.ansi(12), .indexed, 12), (.ansi(12), .sixteen, 12),
        (.ansi(12), .eight, 4), (.ansi(3), .mono, -1), (.terminal, .direct, -1), (.rgb(9, 9, 9), .mono, -1),
    ])
    func everyColourHasANearest(_ colour: Colour, _ depth: ColourDepth, _ index: Int32) {
        #expect(depth.index(of: colour) == index)
    }

    @Test(arguments: ColourDepth.allCases)
    func noColourIsOutOfRange(_ depth: ColourDepth) {
        for red in stride(from: 0, through: 255, by: 15) {
            for green in stride(from: 0, through: 255, by: 15) {
                for blue in stride(from: 0, through: 255, by: 15) {
                    let index = depth.index(of: .rgb(UInt8(red), UInt8(green), UInt8(blue)))
                    #expect(index >= (depth == .mono ? -1 : 0) && index < Int32(max(1, depth.rawValue)))
                }
            }
        }
    }

    private final class Calls {
        var pairs: [[Int32]] = []
    }

    private func table(_ depth: ColourDepth, limit: Int = 256, defaults: Bool = true, calls: Calls) -> PairTable {
        PairTable(depth: depth, limit: limit, hasDefaultColours: defaults, base: .rgb(0, 0, 0)) {
            calls.pairs.append([$0, $1, $2])
            return true
        }
    }

    @Test func pairsAreMadeOnceAndOnDemand() {
        let calls = Calls()
        var table = table(.indexed, calls: calls)
        let red = table.look(of: Style(.ansi(1), on: .terminal, .bold))
        let again = table.look(of: Style(.ansi(1), on: .terminal))
        let blue = table.look(of: Style(.ansi(4), on: .ansi(1)))
        #expect(red.pair == 1 && again.pair == 1 && blue.pair == 2)
        #expect(red.attributes == 1 && again.attributes == 0)
        #expect(table.look(of: Style()).pair == 0)
        #expect(calls.pairs == [[1, 1, -1], [2, 4, 1]])
    }

    @Test func withoutColoursWhatStandsOutIsReversed() {
        let calls = Calls()
        var table = table(.mono, limit: 0, calls: calls)
        let night = Colour.rgb(0, 0, 0)
        #expect(table.look(of: Style(.rgb(1, 2, 3), on: night)).attributes == 0)
        #expect(table.look(of: Style(.rgb(1, 2, 3), on: night, .bold)).attributes == 1)
        #expect(table.look(of: Style(night, on: .rgb(200, 200, 0), .bold)).attributes == 1 | 8)
        #expect(calls.pairs.isEmpty)
    }

    @Test func aTerminalThatRunsOutOfPairsKeepsTheText() {
        let calls = Calls()
        var table = table(.eight, limit: 3, defaults: false, calls: calls)
        let looks = (0..<8).map { table.look(of: Style(.ansi(UInt8($0)), on: .ansi(0))).pair }
        #expect(looks.allSatisfy { $0 >= 0 && $0 < 3 })
        #expect(calls.pairs.count == 2)
    }

    @Test func coloursThatBecomeOneStayReadable() {
        let calls = Calls()
        var table = table(.eight, calls: calls)
        _ = table.look(of: Style(.rgb(20, 20, 30), on: .rgb(5, 5, 5)))
        #expect(calls.pairs.allSatisfy { $0[1] != $0[2] })
        #expect(table.look(of: Style(.ansi(9))).attributes == 1)
    }

    @Test func base64() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map { Base64.encode(Array($0.utf8)) }
        #expect(texts == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"])
    }
}
