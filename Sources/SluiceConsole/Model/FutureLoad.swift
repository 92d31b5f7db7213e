/// What falls due, laid over what producers send and what consumers can take.
struct FutureLoad: Sendable, Equatable {
    /// Epoch ms of the first bucket, ms a bucket, and messages a second that fall due in each.
    var start: Int64
    var width: Int64
    var due: [Double]
    /// Messages a second from producers; nil is not known.
    var inflow: Double?
    /// Messages a second that consumers were seen to take at most; nil is not known.
    var capacity: Double?
    /// Messages that wait now.
    var backlog: Int64?

    /// Per second in each bucket, delays and producers together.
    var load: [Double] { due.map { $0 + (inflow ?? 0) } }

    struct Forecast: Sendable, Equatable {
        /// The highest load, and when its bucket starts.
        var peak: Double
        var peakAt: Int64
        /// The most that would wait, and when.
        var highest: Double
        var highestAt: Int64
        /// When the backlog would be gone, epoch ms; nil when it would not be within what is shown.
        var emptyAt: Int64?
    }

    /// Bucket by bucket: what comes in, less what consumers take. Nil while one of the figures is not known.
    var forecast: Forecast? {
        guard let capacity, inflow != nil, let backlog, !due.isEmpty else { return nil }
        var waiting = Double(backlog)
        var found = Forecast(peak: -1, peakAt: start, highest: waiting, highestAt: start, emptyAt: nil)
        for (index, rate) in load.enumerated() {
            let time = start + Int64(index) * width
            if rate > found.peak { (found.peak, found.peakAt) = (rate, time) }
            let seconds = Double(width) / 1000
            let before = waiting
            waiting = max(0, waiting + (rate - capacity) * seconds)
            if waiting > found.highest { (found.highest, found.highestAt) = (waiting, time + width) }
            if waiting < 1 {
                if found.emptyAt == nil {
                    let net = capacity - rate
                    found.emptyAt = time + (net > 0 ? Int64(min(before / net, seconds) * 1000) : 0)
                }
            } else {
                found.emptyAt = nil
            }
        }
        return found
    }
}

extension ConsoleModel {
    /// Of the histogram in front; nil while it is not known.
    var futureLoad: FutureLoad? {
        guard let shown = shownHistogram, shown.start >= now - shown.width else { return nil }
        let seconds = Double(shown.width) / 1000
        // Seconds with a burst say little: the best ten seconds of what is remembered.
        let out = data.flow.series(seconds: FlowHistory.seconds).outflow
        var best: Double?
        for end in stride(from: 10, through: out.count, by: 5) {
            let known = out[(end - 10)..<end].compactMap { $0 }
            guard known.count >= 8 else { continue }
            best = max(best ?? 0, known.reduce(0, +) / Double(known.count))
        }
        return FutureLoad(
            start: shown.start, width: shown.width, due: shown.counts.map { Double($0) / seconds },
            inflow: data.flow.means(seconds: 30).inflow, capacity: best, backlog: data.flow.backlog)
    }

    /// The future load in a sentence.
    func sentence(_ load: FutureLoad) -> Span {
        let total = load.due.reduce(0) { $0 + $1 * Double(load.width) / 1000 }
        let span = DelaysScreen.levelText(load.width * Int64(load.due.count))
        let what = tr("\(Format.count(Int64(total.rounded()))) fall due in \(span)")
        guard let forecast = load.forecast, let capacity = load.capacity, let inflow = load.inflow else {
            return Span(tr("\(what); what producers send and consumers can take is not known yet."), .dim)
        }
        let (inflowText, peakText) = (Format.rate(inflow), Format.rate(forecast.peak))
        let peak = tr("with \(inflowText)/s published that is \(peakText)/s at most, at \(moment(forecast.peakAt))")
        let seen =
            capacity < 0.05
            ? tr("consumers took nothing in the last 10 minutes")
            : tr("consumers took \(Format.rate(capacity))/s at best")
        let waiting = Double(load.backlog ?? 0)
        guard forecast.highest <= waiting + 1 else {
            let highest = Format.count(Int64(forecast.highest.rounded()))
            let end = forecast.emptyAt.map { tr("gone by \(moment($0))") } ?? tr("not gone within \(span)")
            let text =
                tr(
                    "\(what); \(peak); \(seen): not enough, \(highest) would wait at \(moment(forecast.highestAt)), \(end)."
                )
            return Span(text, .warning)
        }
        let rest =
            waiting < 1
            ? "" : forecast.emptyAt.map { tr(", what waits is gone by \(moment($0))") } ?? tr(", what waits stays")
        return Span(tr("\(what); \(peak); \(seen): enough\(rest)."), .good)
    }
}
