import ArgumentParser
import SluiceAPI

/// `sluice delay …`
struct DelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delay", abstract: "List the messages that wait for their moment, and act on them.",
        subcommands: [DelayList.self, DelayCancel.self, DelayNow.self, DelayReschedule.self])
}

struct DelayList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List pending delayed messages, soonest first.",
        discussion: """
            JSON, an object a message: id, topic, queue, due_ms, due, level (0 for an exact time), stored_ms, stored, \
            tag, keys, body_size, is_retry.
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Only those for this topic.") var topic: String?
    @Option(help: "Only those with this id or key.") var key: String?
    @Option(help: "Skip so many.") var skip = 0
    @Option(help: "At most so many, 1 to 10000.") var limit = 100

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 10000.") }
        guard skip >= 0 else { throw ValidationError("Skip \(skip): it is 0 or more.") }
    }

    func run() throws {
        let query = DelayQuery(topic: topic, key: key, skip: skip, limit: limit)
        let page = try common.look { admin in try await admin.delays(query) }
        var output = Output()
        var table = Table([
            Table.Column("id"), Table.Column("topic"), Table.Column("queue", .right), Table.Column("due"),
            Table.Column("in", .right), Table.Column("level", .right), Table.Column("tag"), Table.Column("keys"),
            Table.Column("bytes", .right),
        ])
        let now = TimeText.now
        for item in page.items {
            if common.json {
                output.write(item.json)
            } else {
                table.add([
                    item.id, item.topic, queueText(item.queue), TimeText.local(item.due),
                    item.due > now ? TimeText.duration(item.due - now) : "due",
                    item.level > 0 ? String(item.level) : "-", item.tag ?? "", item.keys.joined(separator: " "),
                    grouped(item.bodySize),
                ])
            }
        }
        if !common.json {
            let all = total(Int64(page.total), page.coverage)
            output.write(table.text() + "\(grouped(page.items.count)) of \(all) pending\n")
        }
        output.tellLeftOut(page.note, page.coverage, json: common.json)
        try output.flush()
    }
}

extension PendingDelay {
    var json: JSONObject {
        var line = JSONObject()
        line.add("id", id)
        line.add("topic", topic)
        line.add("queue", queue)
        line.addTime("due", due)
        line.add("level", level)
        line.addTime("stored", storeTimestamp)
        line.add("tag", tag)
        line.add("keys", keys)
        line.add("body_size", bodySize)
        line.add("is_retry", isRetry)
        return line
    }
}
