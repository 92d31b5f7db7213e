import SluiceAPI

/// Charts and sentences about the flow, as overview and peak shaving have them.
enum FlowChart {
    static func legend(_ means: (inflow: Double?, outflow: Double?)) -> [Span] {
        [
            Span(tr("in "), .dim), Span("━━ \(Format.rate(means.inflow))/s", .chartIn), Span(tr("   out "), .dim),
            Span("━━ \(Format.rate(means.outflow))/s", .chartOut),
        ]
    }

    static func time(_ model: ConsoleModel, seconds: Int) -> ClosedRange<Int64> {
        let end = model.data.flow.samples.last?.time ?? model.now / 1000 * 1000
        return (end - Int64(seconds - 1) * 1000)...end
    }

    /// In and out per second over each other.
    static func drawRates(
        _ model: ConsoleModel, seconds: Int, _ rect: Rect, _ painter: inout Painter
    ) {
        let series = model.data.flow.series(seconds: seconds)
        let theme = painter.theme
        guard !model.data.flow.samples.isEmpty else { return drawAwaited(model, rect, &painter) }
        let time = time(model, seconds: seconds)
        Chart.draw(
            into: &painter.buffer, rect: rect,
            series: [
                ChartSeries(
                    values: series.inflow, style: theme[.chartIn], filled: true, gradient: theme.gradient(.flow)),
                ChartSeries(values: series.outflow, style: theme[.chartOut]),
            ],
            axes: ChartAxes(
                unit: .count("/s"), time: time, utcOffset: model.settings.utcOffset, style: theme[.chartAxis]),
            markers: gateMarkers(model, theme), glyphs: painter.glyphs)
    }

    /// A line at the limit of the gate that matters: of the group furthest behind, else of the only one that is limited.
    static func gateMarkers(_ model: ConsoleModel, _ theme: Theme) -> [ChartMarker] {
        let gates = model.closedGates
        guard let gate = gates.first(where: { $0.group == model.worstGroup }) ?? (gates.count == 1 ? gates[0] : nil),
            case .limited(let rate) = gate.setting
        else { return [] }
        return [
            ChartMarker(
                value: rate, label: tr("gate \(gate.group) \(Format.rate(rate))/s"), style: theme[.chartMarker])
        ]
    }

    static func drawAwaited(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let error = model.data.flowState.error
        let text = error.map { "? \($0.message)" } ?? tr("No samples yet.")
        painter.put(text, x: rect.x + 2, y: rect.y + rect.height / 2, width: rect.width - 3, error == nil ? .dim : .bad)
    }

    /// `▲ growing +10.4k/s`.
    static func stateSpans(_ model: ConsoleModel, _ glyphs: GlyphSet) -> [Span] {
        guard let state = model.data.flow.state else { return [Span(tr("state not known yet"), .dim)] }
        var spans = [Span("\(state.mark(glyphs)) \(tr(key: state.rawValue))", state.role)]
        if let slope = model.data.flow.slope, state == .growing || state == .draining {
            spans.append(Span(" \(slope > 0 ? "+" : "")\(Format.rate(slope))/s", .number))
        }
        return spans
    }

    /// When the backlog will be gone, in a sentence.
    static func drain(_ model: ConsoleModel) -> String {
        let flow = model.data.flow
        guard let backlog = flow.backlog, let state = flow.state else { return "" }
        if backlog == 0 { return tr("nothing waits") }
        let out = flow.means(seconds: 10).outflow ?? 0
        let alone = out >= 0.05 ? tr("drains in \(Format.drain(Double(backlog) / out)) once producers stop") : ""
        switch state {
        case .stalled: return tr("nothing leaves: it will not drain")
        case .draining:
            guard let slope = flow.slope, slope < 0 else { return alone }
            return tr("drains in \(Format.drain(Double(backlog) / -slope)) at this pace")
        case .growing, .level: return alone
        }
    }
}
