import SluiceAPI
import SluiceScenarios

extension Output {
    /// A second of the scenario, as JSON or in words.
    mutating func write(_ sample: PeakShavingSample, json: Bool) {
        if json { write(sample.json) } else { write(sample.text + "\n") }
    }
}

extension PeakShavingSample {
    var json: JSONObject {
        var line = JSONObject()
        line.add("t", seconds, places: 3)
        line.addTime("time", time)
        line.add("in_per_s", inPerSecond, places: 1)
        line.add("out_per_s", outPerSecond, places: 1)
        line.add("backlog", backlog)
        line.add("state", state.rawValue)
        line.add("publish_p99_ms", publishP99, places: 3)
        line.add("db_p99_ms", databaseP99, places: 3)
        line.add("messages_per_commit", messagesPerCommit, places: 2)
        line.add("surging", isSurging)
        line.add("drain_s", drainSeconds, places: 1)
        return line
    }

    var text: String {
        var text = DecimalText.padded(seconds, places: 1, width: 6) + " s"
        text += "  in " + pad(grouped(Int(inPerSecond.rounded())), 6) + "/s"
        text += "  out " + pad(grouped(Int(outPerSecond.rounded())), 6) + "/s"
        text += "  backlog " + pad(grouped(backlog), 8) + "  " + state.rawValue
        if let drainSeconds, backlog > 0 { text += ", drained in \(Int(drainSeconds.rounded(.up))) s" }
        text += "  publish p99 \(milliseconds(publishP99))  database p99 \(milliseconds(databaseP99))"
        return text + (isSurging ? "  surge" : "")
    }

    private func milliseconds(_ value: Double?) -> String { value.map { decimal($0, places: 1) + " ms" } ?? "-" }
    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Numbers in columns.
enum DecimalText {
    static func padded(_ value: Double, places: Int, width: Int) -> String {
        let text = decimal(value, places: places)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

extension PeakShavingReport {
    func json(_ broker: BrokerStatus) -> JSONObject {
        var line = JSONObject()
        line.add("summary", true)
        line.add("published", totals.published)
        line.add("consumed", totals.consumed)
        line.add("written", totals.contents.landings)
        line.add("lost", totals.lost)
        line.add("duplicates_dropped", totals.counts.duplicates)
        line.add("out_of_order_dropped", totals.counts.late)
        line.add("peak_in_per_s", peakIn, places: 1)
        line.add("peak_out_per_s", peakOut, places: 1)
        line.add("out_variation", outVariation, places: 4)
        line.add("peak_backlog", peakBacklog)
        line.add("drained", isDrained)
        line.add("durability", broker.durability.rawValue)
        line.add("file_system", broker.fileSystem)
        line.add("publish_p99_before_ms", totals.calm.quantile(0.99), places: 3)
        line.add("publish_p99_surge_ms", totals.surge.quantile(0.99), places: 3)
        line.add(
            "checks",
            checks.map { check in
                var item = JSONObject()
                item.add("name", check.name)
                item.add("value", check.value, places: 4)
                item.add("expected", check.expected)
                item.add("ok", check.isOK)
                return item
            })
        return line
    }

    func text(_ broker: BrokerStatus) -> String {
        var text = "\n\(grouped(totals.published)) published, \(grouped(totals.contents.landings)) written to SQLite, "
        text += "\(grouped(totals.counts.duplicates)) duplicates and \(grouped(totals.counts.late)) late ones dropped, "
        text += "\(grouped(totals.lost)) lost (\(broker.durability.rawValue), \(broker.fileSystem))\n"
        text += "peak in \(grouped(Int(peakIn)))/s, peak out \(grouped(Int(peakOut)))/s, "
        text += "peak backlog \(grouped(peakBacklog)), \(isDrained ? "drained" : "not drained")\n"
        for check in checks {
            let value = check.value.isFinite ? decimal(check.value, places: 3) : "not measured"
            text += "\(check.isOK ? "ok    " : "FAILED") \(check.name) \(value), expected \(check.expected)\n"
        }
        return text
    }
}
