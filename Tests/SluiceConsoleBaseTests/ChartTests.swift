import Testing

@testable import SluiceConsole

@Suite struct ChartTests {
    private func draw(
        _ series: [ChartSeries], width: Int, height: Int, axes: ChartAxes = ChartAxes(shown: false),
        markers: [ChartMarker] = [], glyphs: GlyphSet
    ) -> String {
        var buffer = CellBuffer(size: Size(width, height))
        Chart.draw(
            into: &buffer, rect: Rect(buffer.size), series: series, axes: axes, markers: markers, glyphs: glyphs)
        return buffer.text()
    }

    private let step: [Double?] = [0, 0, 0, 0, 100, 100, 100, 100]

    @Test(arguments: [
        (GlyphSet.braille, false, "  ⡏⠉\n⣀⣀⠇"),
        (.braille, true, "  ⣿⣿\n⣀⣀⣿⣿"),
        (.blocks, true, "    ████\n▁▁▁▁████"),
        (.blocks, false, "    █▀▀▀\n▄▄▄▄▀"),
        (.ascii, true, "    ####\n....####"),
        (.ascii, false, "    :'''\n....'"),
    ])
    func aStepGivesTheseCells(_ glyphs: GlyphSet, _ filled: Bool, _ expected: String) {
        let series = ChartSeries(values: step, style: Style(), filled: filled)
        #expect(draw([series], width: glyphs == .braille ? 4 : 8, height: 2, glyphs: glyphs) == expected)
    }

    @Test func axesCarryRoundNumbersAndTimes() {
        let series = ChartSeries(values: [0, 0, 9_000, 9_000], style: Style())
        let axes = ChartAxes(unit: .count("/s"), time: 1_700_000_000_000...1_700_000_060_000)
        let text = draw([series], width: 46, height: 7, axes: axes, glyphs: .braille)
        let expected = [
            " 10k/s┤                         ⣀⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤",
            "      │                      ⢀⡠⠊",
            "  5k/s┤                    ⣀⠔⠁",
            "      │                 ⢀⡠⠊",
            "      │               ⢀⠔⠁",
            "      │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡠⠊⠁",
            "     0└─ 22:13:30 ───────── 22:14:00 ─────────",
        ]
        #expect(text == expected.joined(separator: "\n"))
    }

    @Test func aSeriesOnTopKeepsItsCellsAndAMarkerItsLabel() {
        let area = ChartSeries(values: Array(repeating: 4, count: 24), style: Style(.ansi(4)), filled: true)
        let line = ChartSeries(values: Array(repeating: 1, count: 24), style: Style(.ansi(3)))
        let axes = ChartAxes(maximum: 4, shown: false)
        let marker = ChartMarker(value: 2.5, label: "gate", style: Style(.ansi(1)))
        var buffer = CellBuffer(size: Size(12, 4), style: Style(.terminal, on: .ansi(7)))
        Chart.draw(
            into: &buffer, rect: Rect(buffer.size), series: [area, line], axes: axes, markers: [marker],
            glyphs: .braille)
        #expect(buffer.text() == "⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n╌╌╌╌ gate ╌╌\n⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿")
        let colours = buffer.styleLayer { style in
            switch style.foreground {
            case .ansi(4): "a"
            case .ansi(3): "l"
            case .ansi(1): "m"
            default: "?"
            }
        }
        #expect(colours == "aaaaaaaaaaaa\nmmmmmmmmmmmm\nllllllllllll\naaaaaaaaaaaa")
        #expect(buffer[3, 2].style.background == .ansi(7))
    }

    @Test func gradientsColourByHeight() {
        let gradient = Gradient(.rgb(0, 0, 0), .rgb(100, 0, 0), .rgb(200, 0, 0))
        let area = ChartSeries(values: [1, 1], style: Style(), filled: true, gradient: gradient)
        var buffer = CellBuffer(size: Size(1, 3))
        Chart.draw(
            into: &buffer, rect: Rect(buffer.size), series: [area], axes: ChartAxes(shown: false), glyphs: .braille)
        #expect((0..<3).map { buffer[0, $0].style.foreground } == [.rgb(200, 0, 0), .rgb(100, 0, 0), .rgb(0, 0, 0)])
    }

    @Test func gapsStayEmptyAndOddNumbersDoNoHarm() {
        let values: [Double?] = [1, nil, .nan, .infinity, -5, 1, 1, nil]
        let text = draw([ChartSeries(values: values, style: Style())], width: 4, height: 1, glyphs: .braille)
        #expect(!text.isEmpty)
        let gap = draw(
            [ChartSeries(values: [1, nil, nil, nil, nil, 1], style: Style())], width: 3, height: 1, glyphs: .braille)
        #expect(gap == "⠁ ⠈")
    }

    @Test(arguments: GlyphSet.allCases)
    func noSizeIsTooSmallOrTooOdd(_ glyphs: GlyphSet) {
        let values = (0..<300).map { Double($0 * 37 % 101) as Double? }
        for width in 0..<30 {
            for height in 0..<7 {
                var buffer = CellBuffer(size: Size(32, 9))
                let rect = Rect(x: 1, y: 1, width: width, height: height)
                Chart.draw(
                    into: &buffer, rect: rect,
                    series: [
                        ChartSeries(values: values, style: Style(), filled: true),
                        ChartSeries(values: [], style: Style()),
                        ChartSeries(values: [3], style: Style()),
                    ], axes: ChartAxes(unit: .milliseconds, time: 0...299_000),
                    markers: [ChartMarker(value: 50, label: "a limit with a long name", style: Style())], glyphs: glyphs
                )
                let outside = (0..<9).flatMap { y in (0..<32).map { (x: $0, y: y) } }
                    .filter { !rect.contains(x: $0.x, y: $0.y) }
                #expect(outside.allSatisfy { buffer[$0.x, $0.y] == .blank })
            }
        }
    }

    @Test func aCurveKeepsItsShapeWhileTimePasses() {
        let history = (0..<400).map { Double($0 * 7919 % 1000) as Double? }
        func curve(_ from: Int) -> [Double?] {
            let first = Int64(1_700_000_000_000 + from * 1000)
            return Chart.resample(Array(history[from..<from + 300]), to: 140, time: first...first + 299_000)
        }
        var shift = 0
        for from in 1...20 {
            let later = curve(from)
            // The oldest and newest columns may hold a part of their values.
            let candidates = [shift, shift + 1]
            let found = candidates.first { step in
                let old = curve(0).dropFirst(step + 2).dropLast(2)
                return Array(old.prefix(120)) == Array(later.dropFirst(2).prefix(120)).map { $0 }
            }
            #expect(found != nil, "after \(from) s")
            shift = found ?? shift
        }
        #expect(shift >= 8 && shift <= 10)
    }

    @Test func roundNumbers() {
        #expect(
            [0, 1, 1.1, 7, 12_400, 20_000, 20_001].map { ChartScale.roundUp($0, unit: .count("")) } == [
                1, 1, 1.5, 8, 15_000, 20_000, 25_000,
            ])
        #expect(ChartScale.roundUp(1000, unit: .bytes) == 1024)
        #expect(ChartScale.label(2500, unit: .count("/s")) == "2.5k/s")
        #expect(ChartScale.label(1_200_000, unit: .count("")) == "1.2M")
        #expect(ChartScale.label(524_288, unit: .bytes) == "512KiB")
        #expect(ChartScale.label(0.5, unit: .milliseconds) == "0.5ms")
        #expect(ChartScale.label(2000, unit: .milliseconds) == "2s")
        #expect(ChartScale(largest: 10, maximum: nil, unit: .count(""), rows: 15).ticks == [0, 2, 4, 6, 8, 10])
        #expect(ChartScale(largest: 10, maximum: nil, unit: .count(""), rows: 6).ticks == [0, 5, 10])
    }

    @Test func sparklines() {
        #expect(Sparkline.text([0, 1, 2, 3, 4, 5, 6, 7], width: 8, glyphs: .braille) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.text([0, 7, nil, 7], width: 6, glyphs: .blocks) == "  ▁█ █")
        #expect(Sparkline.text([1, 2, 3, 4], width: 2, glyphs: .ascii) == "*#")
        #expect(Sparkline.text([0, 0, 0], width: 3, glyphs: .braille) == "▁▁▁")
        #expect(Sparkline.text([5], width: 0, glyphs: .braille).isEmpty)
        #expect(Sparkline.text([5, 10], width: 2, maximum: 20, glyphs: .ascii).count == 2)
    }
}
