import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice consume`
struct ConsumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume", abstract: "Print a topic's messages as a member of a group.",
        discussion: """
            Begins where the group's offsets are, and on queues without one at --from. It goes on as messages come, \
            as `tail -f` does, until --count messages were printed, until there are none left with --until-empty, or \
            until INT or TERM (130, 143). Messages come in the order in which they were stored, over all queues. What \
            was printed is committed; with --broadcast nothing is, and each run begins at --from. Messages that a member \
            of the group could not handle come again, whatever their tag, with reconsume_times above 0. When some could \
            not be read it says so and ends with 2.

            --raw prints bodies only: bytes as they went in. A message that `publish` made of a line (its property \
            SLUICE_LINE_END says so) is followed by a line feed.

            JSON, an object a message: topic, queue, offset, id, offset_id, physical_offset, tag, keys, properties \
            (an object), flag, born_ms, born, stored_ms, stored, reconsume_times, size, and body, or body_base64 where \
            the body is not UTF-8.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Topic name.") var topic: String
    @Option(help: "Consumer group.") var group: String
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where a queue without an offset begins: first, last or a time.", valueName: "where"))
    var from = "first"
    @Option(help: ArgumentHelp("Only these tags, as 'a || b'.", valueName: "tags")) var filter = "*"
    @Option(help: "End after so many messages.") var count: Int?
    @Flag(help: "Commit nothing: every run gets every message.") var broadcast = false
    @Flag(help: "Print the bodies' bytes and nothing else.") var raw = false
    @Flag(help: "End when there are no more messages.") var untilEmpty = false

    func validate() throws {
        _ = try offsetTarget(from, now: TimeText.now)
        if let count, count < 1 { throw ValidationError("Count \(count): it is 1 or more.") }
        guard !raw || !common.json else { throw ValidationError("Give one of --raw and --json.") }
    }

    func run() throws {
        let target = try offsetTarget(from, now: TimeText.now)
        let watch = SignalWatch.start()
        let (topic, filter) = (topic, filter)
        let isCluster = try common.target() != nil
        try common.withBroker(create: false) { broker in
            let admin = broker.admin
            let connection = broker.connection
            let queues = try blocking { try await connection.readQueues(of: topic) }
            let reader = TopicReader(
                consumer: PullConsumer(connection, group: group), connection: connection, admin: admin, group: group,
                filter: filter, commits: !broadcast, isCluster: isCluster)
            let cursors = try blocking { try await reader.start(queues: queues, target: target) }
            var follower = Follower(
                reader: reader, cursors: cursors, watch: watch, left: count, untilEmpty: untilEmpty,
                format: raw ? .raw : common.json ? .json : .text)
            try follower.run()
            try watch.throwIfReceived()
            try follower.checkPassedOver()
        }
    }
}
