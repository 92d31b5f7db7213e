import ArgumentParser
import SluiceAPI
import SluiceConsole
import SluiceMessage

/// `sluice message …`
struct MessageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Show a message, or find messages by key.",
        subcommands: [MessageShow.self, MessageFind.self])
}

struct MessageShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a message with its properties and its body.",
        discussion: """
            Ends with 3 when there is no such message.

            JSON, one object: the fields of `consume`.
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Topic it is in; without it all are looked at.") var topic: String?
    @Argument(help: "Unique key or offset id, as listings print it.") var id: String

    func run() throws {
        let (id, topic) = (id, topic)
        let message = try common.look { admin in try await admin.message(id, in: topic) }
        var output = Output()
        if common.json { output.write(message.json) } else { output.write(message.details) }
        try output.flush()
    }
}

struct MessageFind: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Find a topic's messages by a business key, newest first.",
        discussion: """
            Ends with 3 when there is none.

            JSON, an object a message: the fields of `consume`.
            """)
    @OptionGroup var common: CommonOptions
    @Argument(help: "Topic name.") var topic: String
    @Argument(help: "Key.") var key: String
    @Option(help: "At most so many, 1 to 256.") var limit = 32

    func validate() throws {
        guard (1...256).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 256.") }
    }

    func run() throws {
        let (topic, key, limit) = (topic, key, limit)
        let found = try common.look { admin in
            try await admin.browse(.key(key, topic: topic, limit: limit))
        }
        guard !found.isEmpty else {
            throw CommandFailure(.notFound, "Topic \(topic) holds no message with the key \(key).")
        }
        var output = Output()
        for message in found { output.write(message.decompressed(), as: common.json ? .json : .text) }
        try output.flush()
    }
}

extension Admin {
    /// The message by that id, with its body as its producer gave it.
    func message(_ id: String, in topic: String?) async throws -> StoredMessage {
        guard let found = try await browse(.id(id, topic: topic)).first else {
            let place = topic.map { " in topic \($0)" } ?? ""
            throw CommandFailure(.notFound, "There is no message \(id)\(place); it may be older than what is kept.")
        }
        return found.decompressed()
    }
}

extension StoredMessage {
    /// Everything about it, a line a field, safe for a terminal.
    var details: String {
        var lines = [
            ("topic", topic), ("queue", String(queue)), ("offset", grouped(queueOffset)), ("id", id),
            ("offset id", offsetID), ("tag", tag ?? "-"), ("keys", keys.joined(separator: " ")),
            ("born", "\(TimeText.local(bornTimestamp)) at \(bornHost)"), ("stored", TimeText.local(storeTimestamp)),
            ("retries", String(reconsumeTimes)), ("bytes", grouped(body.count)),
        ]
        lines += properties.map { ("property", "\($0.name) = \($0.value)") }
        let text = lines.map { DisplayWidth.pad($0.0, to: 11) + TextSanitiser.sanitise($0.1) + "\n" }.joined()
        return text + "\n" + TextSanitiser.sanitise(String(decoding: body, as: UTF8.self)) + "\n"
    }
}
