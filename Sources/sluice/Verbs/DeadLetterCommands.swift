import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice dlq …`
struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "List, send again and export a group's dead letters.",
        subcommands: [DeadLetterList.self, DeadLetterResend.self, DeadLetterExport.self])
}

struct DeadLetterList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a group's dead letters, oldest first.",
        discussion: """
            On a cluster each broker has a queue of them, with offsets of its own.

            JSON, an object a message: the fields of `consume`, and origin_topic.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: "Begin at this offset of each queue.") var from: Int64 = 0
    @Option(help: "Only this queue: brokers of a cluster each have one, printed as BROKER:QUEUE.")
    var queue: QueueArgument?
    @Option(help: "At most so many, 1 to 10000.") var limit = 100

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 10000.") }
        guard from >= 0 else { throw ValidationError("Offset \(from): offsets begin at 0.") }
    }

    func run() throws {
        let (group, from, limit, only) = (group, from, limit, queue?.number)
        let (letters, count, coverage) = try common.look { admin in
            let summary = try await admin.group(group).summary
            let queues = try await admin.deadLetterQueues(group).filter { only == nil || $0.queue == only }
            var letters: [StoredMessage] = []
            for queue in queues {
                letters += try await admin.deadLetters(group, queue.queue, from: from, limit: limit)
            }
            // Brokers of a cluster have a queue each; the times at which they stored make one list of them.
            letters.sort {
                ($0.storeTimestamp, $0.queue, $0.queueOffset) < ($1.storeTimestamp, $1.queue, $1.queueOffset)
            }
            let count = only == nil ? summary.deadLetters : queues.reduce(0) { $0 + $1.depth }
            return (Array(letters.prefix(limit)), count, only == nil ? summary.coverage : nil)
        }
        var output = Output()
        var table = Table([
            Table.Column("queue", .right), Table.Column("offset", .right), Table.Column("id"), Table.Column("topic"),
            Table.Column("tag"), Table.Column("keys"), Table.Column("deliveries", .right), Table.Column("since"),
            Table.Column("bytes", .right),
        ])
        for letter in letters {
            if common.json {
                output.write(letter.deadLetterJSON)
            } else {
                table.add([
                    queueText(letter.queue), String(letter.queueOffset), letter.id, letter.realTopic, letter.tag ?? "",
                    letter.keys.joined(separator: " "), String(letter.reconsumeTimes),
                    TimeText.local(letter.storeTimestamp), grouped(letter.body.count),
                ])
            }
        }
        if !common.json {
            output.write(table.text() + "\(grouped(letters.count)) of \(total(count, coverage)) dead letters\n")
        }
        output.tellLeftOut(nil, coverage, json: common.json)
        try output.flush()
    }
}

struct DeadLetterResend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resend", abstract: "Send dead letters to their group again, or to another topic.",
        discussion: """
            They stay in the dead letter queue as they are; what is sent names its source. Without --to they go to the \
            group's retry topic, which only that group reads.

            JSON, one object: \(ActOptions.fields), group, stored (id, topic, queue, offset).
            """)
    @OptionGroup var options: ActOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: "Offset in the dead letter queue, as `dlq list` prints it; may be given several times.")
    var offset: [Int64] = []
    @Option(help: "Queue of the offsets, as `dlq list` prints it, where several hold dead letters.")
    var queue: QueueArgument?
    @Flag(help: "All of them.") var all = false
    @Option(name: .customLong("to"), help: ArgumentHelp("Another topic.", valueName: "topic")) var target: String?

    func validate() throws {
        guard offset.isEmpty == all else { throw ValidationError("Say which: --offset N, or --all.") }
        if let wrong = offset.first(where: { $0 < 0 }) { throw ValidationError("Offset \(wrong): offsets begin at 0.") }
    }

    func run() throws {
        let selection = DeadLetterSelection(
            group: group, offsets: all ? nil : offset, queue: queue?.number, target: target)
        try options.run(.resendDeadLetters(selection), isFinal: true) { line, outcome in
            line.add("group", group)
            line.add("stored", outcome.stored)
        }
    }
}

struct DeadLetterExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a group's dead letters as JSON Lines.",
        discussion: """
            A file that exists is not written over (6).

            JSON, an object a message: the fields of `dlq list`. With --file and --json one object is printed: group, \
            file, count.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: ArgumentHelp("Where to; standard output without it.", valueName: "file")) var file: String?

    private static let page = 256

    func run() throws {
        let group = group
        try common.withBroker(create: false) { broker in
            let admin = broker.admin
            // A group that is not there is an error, and one without dead letters none.
            let coverage = try blocking { try await admin.group(group).summary.coverage }
            let queues = try blocking { try await admin.deadLetterQueues(group) }
            var output = try file.map { (path) throws(CommandFailure) in try Output(newFile: path) } ?? Output()
            var count = 0
            for queue in queues {
                var from: Int64 = 0
                while true {
                    let letters = try blocking { [from] in
                        try await admin.deadLetters(group, queue.queue, from: from, limit: Self.page)
                    }
                    guard let last = letters.last else { break }
                    for letter in letters { output.write(letter.deadLetterJSON) }
                    try output.flush()
                    count += letters.count
                    from = last.queueOffset + 1
                }
            }
            if let file { try report(file, count) }
            let note = leftOut(nil, coverage)
            if !note.isEmpty { throw CommandFailure(.partlyDone, String(note.dropLast())) }
        }
    }

    private func report(_ file: String, _ count: Int) throws {
        var output = Output()
        if common.json {
            var line = JSONObject()
            line.add("group", group)
            line.add("file", file)
            line.add("count", count)
            output.write(line)
        } else {
            output.write("Wrote \(grouped(count)) dead letters of \(group) to \(file).\n")
        }
        try output.flush()
    }
}

extension Admin {
    /// The queues that hold dead letters of a group: one of each broker.
    func deadLetterQueues(_ group: String) async throws(APIError) -> [QueueStatus] {
        do throws(APIError) {
            return try await topic(TopicName.deadLetter(group)).queues.filter { $0.depth > 0 }
        } catch {
            guard error.code == .notFound else { throw error }
            return []
        }
    }

    /// Dead letters of a queue from an offset on, with their bodies as their producers gave them.
    func deadLetters(_ group: String, _ queue: Int, from: Int64, limit: Int) async throws(APIError) -> [StoredMessage] {
        let id = QueueID(TopicName.deadLetter(group), queue)
        return try await browse(.queue(id, from: from, limit: limit)).map { $0.decompressed() }
    }
}

extension StoredMessage {
    fileprivate var deadLetterJSON: JSONObject {
        var line = json
        line.add("origin_topic", realTopic)
        return line
    }
}
