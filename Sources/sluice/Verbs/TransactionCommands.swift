import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice tx …`
struct TransactionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "List unresolved half messages, commit them or roll them back.",
        subcommands: [
            TransactionList.self, TransactionCommit.self, TransactionRollback.self, TransactionRecheck.self,
        ])
}

struct TransactionList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List unresolved half messages, oldest first.",
        discussion: """
            JSON, an object a half: id, topic, queue, producer_group, stored_ms, stored, age_ms, checks, max_checks, \
            next_check_ms, next_check (null when set aside), set_aside, producers_online, tag, keys, body_size, body \
            or body_base64 (its first 256 bytes).
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Skip so many.") var skip = 0
    @Option(help: "At most so many, 1 to 10000.") var limit = 1_000

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 10000.") }
        guard skip >= 0 else { throw ValidationError("Skip \(skip): it is 0 or more.") }
    }

    func run() throws {
        let (skip, limit) = (skip, limit)
        let page = try common.look { admin in try await admin.halves(skip: skip, limit: limit) }
        var output = Output()
        var table = Table([
            Table.Column("half id"), Table.Column("topic"), Table.Column("queue", .right), Table.Column("age", .right),
            Table.Column("checks", .right), Table.Column("next check", .right), Table.Column("producer group"),
            Table.Column("online", .right), Table.Column("keys"),
        ])
        let now = TimeText.now
        for half in page.items {
            if common.json {
                output.write(half.json(now: now))
            } else {
                table.add([
                    half.id, half.topic, queueText(half.queue), TimeText.duration(max(0, now - half.storeTimestamp)),
                    "\(half.checks)/\(half.maxChecks)",
                    half.nextCheck.map { $0 > now ? TimeText.duration($0 - now) : "now" } ?? "set aside",
                    half.producerGroup, String(half.producersOnline), half.keys.joined(separator: " "),
                ])
            }
        }
        if !common.json {
            let all = total(Int64(page.total), page.coverage)
            output.write(table.text() + "\(grouped(page.items.count)) of \(all) unresolved")
            output.write(page.setAside > 0 ? ", \(grouped(page.setAside)) set aside\n" : "\n")
        }
        output.tellLeftOut(page.note, page.coverage, json: common.json)
        try output.flush()
    }
}

/// What committing and rolling back by hand share.
struct ResolveOptions: ParsableArguments {
    @OptionGroup var options: ActOptions
    @Argument(help: "Id as `tx list` prints it.") var id: String

    static let fields = """
        Not reversible. Ends with 3 when there is no such half message and with 4 when somebody resolved it meanwhile.

        JSON, one object: id, resolution (commit, rollback), topic, queue, offset (where it became visible; null for a \
        rollback), receivers (group, clients). With --dry-run: \(ActOptions.fields).
        """

    func resolve(as resolution: Resolution) throws {
        let id = id
        let (topic, acted) = try options.common.withBroker(create: false) { broker in
            let admin = broker.admin
            // With --yes the resolution itself says whether the half is unknown or was resolved meanwhile.
            let half = try? blocking { try await admin.half(id: id) }
            if !options.confirmation.yes, !options.dryRun {
                let half = try half ?? blocking { try await admin.half(id: id) }
                let effect =
                    resolution == .commit
                    ? "becomes visible in \(half.topic), queue \(queueText(half.queue))" : "is never delivered"
                try options.confirmation.confirm(
                    "Half message \(half.id) of \(half.producerGroup) \(effect); this cannot be taken back.")
            }
            return (half?.topic, try options.act(.resolve(id: id, resolution), admin))
        }
        guard !options.dryRun, let outcome = acted.resolution else { return try options.show(acted) }
        var output = Output()
        if options.common.json {
            output.write(outcome.json)
        } else {
            output.write(outcome.sentence(topic: topic) + "\n")
        }
        try output.flush()
    }
}

struct TransactionCommit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Commit a half message by hand: it becomes visible.",
        discussion: ResolveOptions.fields)
    @OptionGroup var options: ResolveOptions
    func run() throws { try options.resolve(as: .commit) }
}

struct TransactionRollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Roll a half message back by hand: it is never delivered.",
        discussion: ResolveOptions.fields)
    @OptionGroup var options: ResolveOptions
    func run() throws { try options.resolve(as: .rollback) }
}

struct TransactionRecheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recheck", abstract: "Ask the producer of a half message again now, also of one set aside.",
        discussion: "\(ActOptions.statuses)\n\nJSON, one object: \(ActOptions.fields), id.")
    @OptionGroup var options: ActOptions
    @Argument(help: "Id as `tx list` prints it.") var id: String
    func run() throws { try options.run(.recheck(id: id)) { line, _ in line.add("id", id) } }
}

extension HalfMessage {
    func json(now: Int64) -> JSONObject {
        var line = JSONObject()
        line.add("id", id)
        line.add("topic", topic)
        line.add("queue", queue)
        line.add("producer_group", producerGroup)
        line.addTime("stored", storeTimestamp)
        line.add("age_ms", max(0, now - storeTimestamp))
        line.add("checks", checks)
        line.add("max_checks", maxChecks)
        line.addTime("next_check", nextCheck)
        line.add("set_aside", isSetAside)
        line.add("producers_online", producersOnline)
        line.add("tag", tag)
        line.add("keys", keys)
        line.add("body_size", bodySize)
        line.addText("body", wholePeek)
        return line
    }

    /// The peek without a character that its end cuts in two.
    private var wholePeek: [UInt8] {
        guard bodyPeek.count < bodySize else { return bodyPeek }
        for cut in 0..<min(4, bodyPeek.count) {
            let part = Array(bodyPeek.dropLast(cut))
            if String(validating: part, as: UTF8.self) != nil { return part }
        }
        return bodyPeek
    }
}

extension ResolutionOutcome {
    var json: JSONObject {
        var line = JSONObject()
        line.add("id", id)
        line.add("resolution", resolution.rawValue)
        line.add("topic", visibleAt?.topic)
        line.add("queue", visibleAt?.queue)
        line.add("offset", queueOffset)
        line.add(
            "receivers",
            receivers.map { receiver in
                var item = JSONObject()
                item.add("group", receiver.group)
                item.add("clients", receiver.clients)
                return item
            })
        return line
    }

    /// What became visible where, and who receives it.
    func sentence(topic: String?) -> String {
        guard resolution == .commit else {
            return "Rolled back \(id): nothing of it becomes visible\(topic.map { " in " + $0 } ?? "")."
        }
        var text = "Committed \(id)"
        if let visibleAt {
            text += ": visible in \(visibleAt.topic), queue \(queueText(visibleAt.queue))"
            if let queueOffset { text += ", offset \(queueOffset)" }
        }
        guard !receivers.isEmpty else { return text + "; no group reads that topic yet." }
        return text + "; goes to "
            + receivers.map { "\($0.group) (\(clientsText($0.clients)))" }.joined(separator: ", ")
            + "."
    }

    private func clientsText(_ clients: Int) -> String {
        switch clients {
        case 0: "nobody connected"
        case 1: "1 client"
        default: "\(clients) clients"
        }
    }
}
