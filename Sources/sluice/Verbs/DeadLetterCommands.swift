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
        discussion: "JSON, an object a message: the fields of `consume`, and origin_topic.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "Group name.") var group: String
    @Option(help: "Begin at this offset.") var from: Int64 = 0
    @Option(help: "At most so many, 1 to 10000.") var limit = 100

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 10000.") }
        guard from >= 0 else { throw ValidationError("Offset \(from): offsets begin at 0.") }
    }

    func run() throws {
        let (group, from, limit) = (group, from, limit)
        let (letters, total) = try common.look { admin in
            let total = try await admin.group(group).summary.deadLetters
            return (total == 0 ? [] : try await admin.deadLetters(group, from: from, limit: limit), total)
        }
        var output = Output()
        var table = Table([
            Table.Column("offset", .right), Table.Column("id"), Table.Column("topic"), Table.Column("tag"),
            Table.Column("keys"), Table.Column("deliveries", .right), Table.Column("since"),
            Table.Column("bytes", .right),
        ])
        for letter in letters {
            if common.json {
                output.write(letter.deadLetterJSON)
            } else {
                table.add([
                    String(letter.queueOffset), letter.id, letter.realTopic, letter.tag ?? "",
                    letter.keys.joined(separator: " "), String(letter.reconsumeTimes),
                    TimeText.local(letter.storeTimestamp), grouped(letter.body.count),
                ])
            }
        }
        if !common.json {
            output.write(table.text() + "\(grouped(letters.count)) of \(grouped(total)) dead letters\n")
        }
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
    @Flag(help: "All of them.") var all = false
    @Option(name: .customLong("to"), help: ArgumentHelp("Another topic.", valueName: "topic")) var target: String?

    func validate() throws {
        guard offset.isEmpty == all else { throw ValidationError("Say which: --offset N, or --all.") }
        if let wrong = offset.first(where: { $0 < 0 }) { throw ValidationError("Offset \(wrong): offsets begin at 0.") }
    }

    func run() throws {
        let selection = DeadLetterSelection(group: group, offsets: all ? nil : offset, target: target)
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
            let total = try blocking { try await admin.group(group).summary.deadLetters }
            var output = try file.map { (path) throws(CommandFailure) in try Output(newFile: path) } ?? Output()
            var count = 0
            var from: Int64 = 0
            while total > 0 {
                let letters = try blocking { [from] in
                    try await admin.deadLetters(group, from: from, limit: Self.page)
                }
                guard let last = letters.last else { break }
                for letter in letters { output.write(letter.deadLetterJSON) }
                try output.flush()
                count += letters.count
                from = last.queueOffset + 1
            }
            if let file { try report(file, count) }
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
    /// Dead letters from an offset on, with their bodies as their producers gave them. The group has some.
    func deadLetters(_ group: String, from: Int64, limit: Int) async throws(APIError) -> [StoredMessage] {
        let queue = QueueID(TopicName.deadLetter(group), 0)
        return try await browse(.queue(queue, from: from, limit: limit)).map { $0.decompressed() }
    }
}

extension StoredMessage {
    fileprivate var deadLetterJSON: JSONObject {
        var line = json
        line.add("origin_topic", realTopic)
        return line
    }
}
