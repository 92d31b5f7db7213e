import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice topic …`
struct TopicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic", abstract: "List, show, create and delete topics.",
        subcommands: [TopicList.self, TopicShow.self, TopicCreate.self, TopicDelete.self])
}

struct TopicList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the topics.",
        discussion: """
            JSON, an object a topic: name, kind (normal, retry, dead_letter, system), read_queues, write_queues, \
            permission, depth (messages readable now), published (messages ever stored), groups, last_stored_ms, \
            last_stored. Of a cluster of several brokers also without (names of those that do not answer); null is not \
            known.
            """)
    @OptionGroup var common: CommonOptions
    @Flag(help: "Retry, dead letter and system topics too.") var all = false

    func run() throws {
        let all = all
        let topics = try common.look { admin in try await admin.countedTopics() }
        var output = Output()
        var table = Table([
            Table.Column("topic"), Table.Column("queues", .right), Table.Column("perm"), Table.Column("depth", .right),
            Table.Column("published", .right), Table.Column("groups", .right), Table.Column("last stored"),
        ])
        for topic in topics.sorted(by: { $0.config.name < $1.config.name }) where all || topic.kind == .normal {
            if common.json {
                output.write(topic.json)
            } else {
                table.add([
                    topic.config.name, topic.config.queuesText, topic.config.permission.text,
                    total(topic.depth, topic.coverage), total(topic.published, topic.coverage), String(topic.groups),
                    topic.lastStored < 0 ? "?" : TimeText.local(topic.lastStored),
                ])
            }
        }
        if !common.json { output.write(table.text()) }
        output.tellLeftOut(nil, topics.first?.coverage, json: common.json)
        try output.flush()
    }
}

struct TopicShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a topic with its queues and groups.",
        discussion: """
            JSON, one object: the fields of `topic list`, queues (queue, min_offset, max_offset, depth, \
            first_stored_ms, first_stored, last_stored_ms, last_stored) and consumers (group, lag, clients).
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Topic name.") var topic: String

    func run() throws {
        let name = topic
        let status = try common.look { admin in try await admin.topic(name) }
        var output = Output()
        if common.json {
            output.write(status.json)
        } else {
            output.write(status.text)
        }
        try output.flush()
    }
}

struct TopicCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a topic.",
        discussion: "JSON, one object: \(ActOptions.fields), topic, read_queues, write_queues, permission, created.")
    @OptionGroup var options: ActOptions
    @Argument(help: "Topic name: 1 to 127 of letters, digits, %, |, - and _.") var topic: String
    @Option(help: "Queues to read from and to write to, 1 to \(Limits.maxQueues).") var queues = 8
    @Option(help: "Queues to read from, when not as many as --queues.") var readQueues: Int?
    @Option(help: "Queues to write to, when not as many as --queues.") var writeQueues: Int?
    @Option(help: "Permission: r, w or rw.") var permission = "rw"

    func validate() throws {
        for count in [queues, readQueues ?? queues, writeQueues ?? queues]
        where !(1...Limits.maxQueues).contains(count) {
            throw ValidationError("\(count) queues: a topic has 1 to \(Limits.maxQueues).")
        }
        guard ["r", "w", "rw"].contains(permission) else {
            throw ValidationError("Permission \(permission): it is r, w or rw.")
        }
    }

    func run() throws {
        var bits: TopicPermission = []
        if permission.contains("r") { bits.insert(.read) }
        if permission.contains("w") { bits.insert(.write) }
        let config = TopicConfig(
            name: topic, readQueues: readQueues ?? queues, writeQueues: writeQueues ?? queues, permission: bits)
        try options.run(.updateTopic(config, mustBeNew: true), create: !options.dryRun) { line, _ in
            line.add("topic", config.name)
            line.add("read_queues", config.readQueues)
            line.add("write_queues", config.writeQueues)
            line.add("permission", config.permission.text)
            line.add("created", !options.dryRun)
        }
    }
}

struct TopicDelete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a topic with its messages and its groups' offsets on it.",
        discussion: """
            Not reversible.

            JSON, one object: \(ActOptions.fields), topic, deleted, messages (readable until then).
            """)
    @OptionGroup var options: ActOptions
    @Argument(help: "Topic name.") var topic: String

    func run() throws {
        try options.run(.deleteTopic(topic), isFinal: true) { line, outcome in
            line.add("topic", topic)
            line.add("deleted", !options.dryRun)
            line.add("messages", outcome.count)
        }
    }
}
