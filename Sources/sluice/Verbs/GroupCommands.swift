import ArgumentParser
import SluiceAPI
import SluiceMessage

/// `sluice group …`
struct GroupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "List consumer groups, show their lag, move their offsets.",
        subcommands: [GroupList.self, GroupLag.self, GroupReset.self])
}

struct GroupList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the consumer groups.",
        discussion: """
            JSON, an object a group: name, model (clustering, broadcasting), clients, lag (null when its clients keep \
            the offsets), behind_ms (age of the oldest message not consumed; null when not known), committed (sum of \
            the offsets), dead_letters, topics. Of a cluster of several brokers also without (names of those that do not \
            answer); null is not known.
            """)
    @OptionGroup var common: CommonOptions

    func run() throws {
        let groups = try common.look { admin in try await admin.countedGroups() }
        var output = Output()
        var table = Table([
            Table.Column("group"), Table.Column("model"), Table.Column("clients", .right), Table.Column("lag", .right),
            Table.Column("behind", .right), Table.Column("dead letters", .right), Table.Column("topics"),
        ])
        for group in groups.sorted(by: { $0.config.name < $1.config.name }) {
            if common.json {
                output.write(group.json)
            } else {
                table.add([
                    group.config.name, group.model.rawValue, group.clients < 0 ? "?" : String(group.clients),
                    group.lagText, group.behindText,
                    total(group.deadLetters, group.coverage),
                    group.topics.joined(separator: " "),
                ])
            }
        }
        if !common.json { output.write(table.text()) }
        output.tellLeftOut(nil, groups.first?.coverage, json: common.json)
        try output.flush()
    }
}

struct GroupLag: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lag", abstract: "Show how far a group is behind, queue by queue.",
        discussion: """
            JSON, an object a queue: group, topic, queue, min_offset, max_offset, offset (null without one), lag, \
            behind_ms (null when not known), client (null when nobody pulls), last_moved_ms, last_moved.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: "Only this topic.") var topic: String?

    func run() throws {
        let name = group
        let status = try common.look { admin in try await admin.group(name) }
        var output = Output()
        var table = Table([
            Table.Column("topic"), Table.Column("queue", .right), Table.Column("offset", .right),
            Table.Column("max", .right), Table.Column("lag", .right), Table.Column("behind", .right),
            Table.Column("client"),
        ])
        var sum: Int64 = 0
        for queue in status.queues.sorted(by: { $0.id < $1.id }) where topic == nil || queue.id.topic == topic {
            sum += queue.lag
            if common.json {
                output.write(queue.json(group: name))
            } else {
                table.add([
                    queue.id.topic, queueText(queue.id.queue), queue.offset.map(grouped) ?? "-",
                    grouped(queue.maxOffset), grouped(queue.lag),
                    queue.behind.map(TimeText.duration) ?? "?", queue.client ?? "-",
                ])
            }
        }
        let coverage = status.summary.coverage
        if !common.json { output.write(table.text() + "lag in all: \(total(sum, coverage))\n") }
        output.tellLeftOut(nil, coverage, json: common.json)
        try output.flush()
    }
}

extension GroupSummary {
    private var isPartial: Bool { coverage?.isPartial == true }
    /// `-` where its clients keep the offsets; `?` where a silent broker may.
    fileprivate var lagText: String { lag.map { total($0, coverage) } ?? (isPartial ? "?" : "-") }
    /// A silent broker may have what is behind the most.
    fileprivate var behindText: String {
        guard let behind, behind > 0 || !isPartial else { return "?" }
        return TimeText.duration(behind)
    }

    var json: JSONObject {
        var line = JSONObject()
        line.add("name", config.name)
        line.add("model", model.rawValue)
        line.addKnown("clients", Int64(clients))
        line.add("lag", lag)
        line.add("behind_ms", behind)
        line.add("committed", committed)
        line.addKnown("dead_letters", deadLetters)
        line.add("topics", topics)
        line.add(coverage)
        return line
    }
}

extension GroupQueueStatus {
    func json(group: String) -> JSONObject {
        var line = JSONObject()
        line.add("group", group)
        line.add("topic", id.topic)
        line.add("queue", id.queue)
        line.add("min_offset", minOffset)
        line.add("max_offset", maxOffset)
        line.add("offset", offset)
        line.add("lag", lag)
        line.add("behind_ms", behind)
        line.add("client", client)
        line.addTime("last_moved", lastMoved > 0 ? lastMoved : nil)
        return line
    }
}
