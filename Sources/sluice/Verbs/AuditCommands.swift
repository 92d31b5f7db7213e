import ArgumentParser
import SluiceAPI

/// `sluice audit …`
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show what was done by hand, and check that nobody changed the record of it.",
        subcommands: [AuditList.self, AuditVerify.self])
}

struct AuditList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what was done by hand, oldest first.",
        discussion: """
            Each action has two entries: before it happened and after it. Without --from they are the newest. A name \
            with a ? was claimed, others were proven (by a signature or the system).

            JSON, an object an entry: number, time_ms, time, phase (before, after), begun (of an after: the number of \
            its before; else null), actor, host, proven, action, target, reason, state (in words), outcome (of an \
            after: done, or why it was not; else null), previous and hash (SHA-256 of the line before and of this one).
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "Begin with this entry, counted from 1.") var from: Int64?
    @Option(help: "At most so many, 1 to 1000.") var limit = 100

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("Limit \(limit): it is 1 to 1000.") }
        if let from, from < 1 { throw ValidationError("From \(from): entries count from 1.") }
    }

    func run() throws {
        let (from, limit) = (from ?? Int64(-limit), limit)
        let answer = try common.look { admin in try await admin.ask(.audit(from: from, limit: limit)) }
        guard case .audit(let entries, let total) = answer else { throw unexpectedAnswer }
        var output = Output()
        var table = Table([
            Table.Column("#", .right), Table.Column("time"), Table.Column("who"), Table.Column("action"),
            Table.Column("target"), Table.Column("outcome"), Table.Column("state"), Table.Column("reason"),
        ])
        for entry in entries {
            if common.json {
                output.write(entry.json)
            } else {
                table.add([
                    String(entry.number), TimeText.local(entry.time),
                    "\(entry.actor.name)\(entry.actor.isProven ? "" : "?")@\(entry.actor.host)", entry.action,
                    entry.target, entry.outcome ?? "begun", entry.state, entry.reason,
                ])
            }
        }
        if !common.json { output.write(table.text() + "\(grouped(entries.count)) of \(grouped(total)) entries\n") }
        try output.flush()
    }
}

struct AuditVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check the audit's chain from its first entry to its last.",
        discussion: """
            Ends with 1 when an entry was changed, removed, added or moved, and says which. That the last entries are \
            missing cannot be seen in the chain: keep the head elsewhere and compare.

            JSON, one object: entries, holds, broken_at (number of the first entry that does not fit; null when it \
            holds), problem, unfinished (numbers of actions begun without an end), head (hash of the last entry).
            """)
    @OptionGroup var common: CommonOptions

    func run() throws {
        let answer = try common.look { admin in try await admin.ask(.verifyAudit) }
        guard case .auditVerified(let found) = answer else { throw unexpectedAnswer }
        var output = Output()
        if common.json {
            output.write(found.json)
        } else if found.brokenAt == nil {
            output.write("\(grouped(found.entries)) entries, the chain holds. Head: \(found.head)\n")
            if !found.unfinished.isEmpty {
                let numbers = found.unfinished.map(String.init).joined(separator: ", ")
                output.write("Begun without an end, since the broker stopped in between: \(numbers).\n")
            }
        }
        try output.flush()
        if let number = found.brokenAt {
            throw CommandFailure(
                .failed, "The audit does not hold from entry \(number) on: \(found.problem ?? "it does not fit").")
        }
    }
}

/// What an answer to another question means: a mistake between this program's parts.
var unexpectedAnswer: CommandFailure {
    CommandFailure(.failed, "The broker answered another question than was asked; is it the same version of sluice?")
}

extension AuditEntry {
    var json: JSONObject {
        var line = JSONObject()
        line.add("number", number)
        line.addTime("time", time)
        line.add("phase", phase.rawValue)
        line.add("begun", begun)
        line.add("actor", actor.name)
        line.add("host", actor.host)
        line.add("proven", actor.isProven)
        line.add("action", action)
        line.add("target", target)
        line.add("reason", reason)
        line.add("state", state)
        line.add("outcome", outcome)
        line.add("previous", previous)
        line.add("hash", hash)
        return line
    }
}

extension AuditVerification {
    var json: JSONObject {
        var line = JSONObject()
        line.add("entries", entries)
        line.add("holds", brokenAt == nil)
        line.add("broken_at", brokenAt)
        line.add("problem", problem)
        line.add("unfinished", unfinished)
        line.add("head", head)
        return line
    }
}
