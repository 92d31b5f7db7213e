import SluiceAPI
import Testing

@testable import SluiceConsole

@Suite struct ChartCellTests {
    /// A minute of nothing, then exactly 1,000/s for 30 s.
    @Test func aStepOfTrafficGivesItsCells() {
        var world = World()
        let end = World.start / 1000 * 1000
        world.flow = (0...120).map { second in
            let published = Int64(max(0, second - 90)) * 1000
            return FlowSample(
                time: end - Int64(120 - second) * 1000, published: published, consumed: 0, backlog: published)
        }
        let driver = Driver(world, size: Size(width: 80, height: 24), screen: .peakShaving)
        let series = driver.model.data.flow.series(seconds: 120)
        #expect(series.inflow == Array(repeating: 0, count: 90) + Array(repeating: 1000, count: 30))
        #expect(series.backlog.last == 30_000)

        // The top of the scale is 1k/s: the step fills the plot from top to bottom in its last quarter, and nothing else.
        let buffer = driver.view
        let label = driver.line(4)
        #expect(label.hasPrefix("   1k/s┤"))
        let plot = 8..<79
        let step = plot.upperBound - (plot.count * 30 + 119) / 120
        for row in 5..<7 {
            for x in plot {
                let isFull = buffer[x, row].glyph == .scalar("⣿")
                #expect(isFull == (x > step) || x == step, "\(x), \(row)")
            }
        }
        #expect(driver.line(0).contains("in  1.0k/s"))
        #expect(driver.line(2).contains("STALLED"))
    }

    @Test func statesInWords() {
        #expect(FlowState.judge(backlog: 0, slope: nil, out: nil) == .level)
        #expect(FlowState.judge(backlog: 10, slope: nil, out: 3) == nil)
        #expect(FlowState.judge(backlog: 10, slope: 0, out: 0) == .stalled)
        #expect(FlowState.judge(backlog: 10, slope: 500, out: 0) == .stalled)
        #expect(FlowState.judge(backlog: 10, slope: 500, out: 2000) == .growing)
        #expect(FlowState.judge(backlog: 10, slope: 30, out: 2000) == .level)
        #expect(FlowState.judge(backlog: 10, slope: -500, out: 2000) == .draining)
    }

    @Test func aRestartedCounterIsUnknownNotNegative() {
        var flow = FlowHistory()
        flow.add([
            FlowSample(time: 1000, published: 500, consumed: 500, backlog: 0),
            FlowSample(time: 2000, published: 3, consumed: 1, backlog: 2),
            FlowSample(time: 3000, published: 5, consumed: 1, backlog: 4),
            FlowSample(time: 5000, published: 9, consumed: 1, backlog: 8),
        ])
        #expect(flow.series(seconds: 5).inflow == [nil, nil, 2, nil, nil])
        #expect(flow.series(seconds: 5).backlog == [0, 2, 4, nil, 8])
    }

    @Test func ratesOfACounter() {
        var track = CounterTrack()
        #expect(track.rate == nil)
        track.add(100, at: 10_000, gap: 10_000)
        #expect(track.rate == nil)
        track.add(600, at: 15_000, gap: 10_000)
        #expect(track.rate == 100)
        #expect(track.rates(3) == [nil, nil, 100])
        track.add(50, at: 16_000, gap: 10_000)
        #expect(track.rate == nil)
    }
}
