import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Audit")
struct AuditTests {
    private static let context = ActionContext(
        actor: Actor(name: "ops", host: "bastion", isProven: true), reason: "the bank \"said\" so\n\u{1b}")

    private func half(_ harness: BrokerHarness, _ id: String) throws {
        try harness.publish(
            Message(topic: "t", body: [1], properties: [Property(PropertyName.uniqueKey, id)]), transaction: "pg")
    }

    @discardableResult
    private func act(
        _ harness: BrokerHarness, _ action: OperatorAction, _ context: ActionContext = context
    ) throws -> ActionOutcome {
        guard case .acted(let outcome) = try harness.ask(.act(action, context)) else {
            throw APIError(.failed, "not an action's answer")
        }
        return outcome
    }

    private func entries(_ harness: BrokerHarness, from: Int64 = 1, limit: Int = 1_000) throws -> [AuditEntry] {
        guard case .audit(let reading) = try harness.ask(.question(.audit(from: from, limit: limit))),
            case .audit(let entries, _) = try reading.answer()
        else { throw APIError(.failed, "not the audit") }
        return entries
    }

    private func verify(_ harness: BrokerHarness) throws -> AuditVerification {
        guard case .audit(let reading) = try harness.ask(.question(.verifyAudit)),
            case .auditVerified(let found) = try reading.answer()
        else { throw APIError(.failed, "not a verification") }
        return found
    }

    private func refusal(_ body: () throws -> Void) -> APIError? {
        do {
            try body()
            return nil
        } catch {
            return error as? APIError
        }
    }

    private func lines(_ harness: BrokerHarness) -> [[UInt8]] {
        (harness.disk.contents(AuditLog.path) ?? []).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func write(_ lines: [[UInt8]], _ harness: BrokerHarness) {
        harness.disk.setContents(AuditLog.path, lines.flatMap { $0 + [UInt8(ascii: "\n")] })
    }

    /// A broker with two resolutions behind it: four entries.
    private func acted() throws -> BrokerHarness {
        let harness = try BrokerHarness()
        for id in ["A", "B"] { try half(harness, id) }
        try act(harness, .resolve(id: "A", .commit))
        try act(harness, .resolve(id: "B", .rollback))
        return harness
    }

    @Test("an action is noted before and after, with the state in words", arguments: [true, false])
    func beforeAndAfter(durable: Bool) throws {
        let harness = try BrokerHarness(durable: durable)
        try half(harness, "A")
        harness.advance(2_000)
        let outcome = try act(harness, .resolve(id: "A", .commit))
        #expect(outcome.resolution?.visibleAt?.topic == "t")
        #expect(outcome.before.contains("unresolved for 2 s") && outcome.after == "committed by operator")
        let found = try entries(harness)
        #expect(found.map(\.phase) == [.before, .after] && found.map(\.number) == [1, 2])
        #expect(found.allSatisfy { $0.action == "commit" && $0.target == "A" && $0.time == harness.now })
        #expect(found.allSatisfy { $0.actor == Self.context.actor && $0.reason == Self.context.reason })
        #expect(found[0].begun == nil && found[0].outcome == nil && found[0].state == outcome.before)
        #expect(
            found[1].begun == 1 && found[1].outcome == "done: \(outcome.text)" && found[1].isDone
                && found[1].state == outcome.after)
        #expect(found[0].previous == String(repeating: "0", count: 64) && found[1].previous == found[0].hash)
        try harness.crash(seed: 1)
        if durable { #expect(try entries(harness).prefix(2) == found[...]) }
        let verified = try verify(harness)
        #expect(verified.brokenAt == nil && verified.unfinished.isEmpty)
        if durable { #expect(verified.entries == 2 && verified.head == found[1].hash) }
    }

    @Test("the hash can be made anew from the line alone")
    func hash() throws {
        // echo -n '{…}' | sha256sum, of the line without its own hash.
        let entry = AuditEntry(
            number: 1, time: 2, phase: .before, begun: nil, actor: Actor(name: "é", host: "h", isProven: false),
            action: "commit", target: "A", reason: "", state: "", outcome: nil, previous: AuditLine.firstPrevious,
            hash: "")
        let (bytes, written) = AuditLine.encode(entry)
        let text = String(decoding: bytes, as: UTF8.self)
        let start =
            "{\"number\":1,\"time_ms\":2,\"phase\":\"before\",\"actor\":\"é\",\"host\":\"h\",\"proven\":false,"
            + "\"action\":\"commit\",\"target\":\"A\",\"reason\":\"\",\"state\":\"\",\"previous\":\""
            + String(repeating: "0", count: 64) + "\""
        #expect(text == start + ",\"hash\":\"\(written.hash)\"}\n")
        #expect(written.hash == SHA256.hex(Array((start + "}").utf8)))
        #expect(SHA256.hex(Array("abc".utf8)).hasPrefix("ba7816bf8f01cfea414140de5dae2223"))
    }

    @Test("what fails is noted with its reason, what is only tried is not")
    func failing() throws {
        let harness = try acted()
        #expect(refusal { try act(harness, .resolve(id: "A", .rollback)) }?.code == .conflict)
        #expect(refusal { try act(harness, .deleteTopic("nowhere")) }?.code == .notFound)
        let found = try entries(harness)
        #expect(found.count == 8)
        #expect(found[5].begun == 5 && found[5].outcome?.contains("resolved already") == true)
        #expect(found[7].action == "topic_delete" && found[7].state == "no such topic")
        #expect(found[7].outcome?.contains("nowhere") == true)
        try half(harness, "C")
        let trial = ActionContext(actor: Self.context.actor, dryRun: true)
        #expect(try act(harness, .resolve(id: "C", .commit), trial).text.hasPrefix("would commit"))
        #expect(try act(harness, .recheck(id: "C"), trial).text.hasPrefix("would count"), "nobody is there to ask")
        #expect(try act(harness, .updateTopic(TopicConfig(name: "u"), mustBeNew: true), trial).text.contains("would"))
        #expect(try act(harness, .deleteTopic("t"), trial).text == "would delete topic t with 1 messages")
        #expect(refusal { try act(harness, .deleteTopic("u"), trial) }?.code == .notFound)
        #expect(try entries(harness).count == 8 && harness.halves().total == 1)
    }

    @Test("topics, groups and offsets are changed, and tried")
    func configuration() throws {
        let harness = try BrokerHarness()
        let trial = ActionContext(actor: Self.context.actor, dryRun: true)
        try act(harness, .updateTopic(TopicConfig(name: "t", readQueues: 1, writeQueues: 1), mustBeNew: true))
        let again = OperatorAction.updateTopic(TopicConfig(name: "t"), mustBeNew: true)
        #expect(refusal { try act(harness, again) }?.code == .conflict)
        for text in ["a", "b", "c"] { try harness.publish("t", text) }
        try act(harness, .updateGroup(GroupConfig(name: "g")))
        try harness.commit("g", "t", 3)
        let reset = ResetRequest(group: "g", topic: "t", target: .first, dryRun: false)
        #expect(try act(harness, .reset(reset), trial).steps.map(\.to) == [0])
        #expect(try harness.committed("g", "t") == 3)
        let moved = try act(harness, .reset(reset))
        #expect(moved.steps.map(\.again) == [3] && moved.text == "moved g on t, 1 queues: 3 messages again")
        #expect(moved.before == "offsets 0:3, lag 0" && moved.after == "offsets 0:0, lag 3")
        #expect(try harness.committed("g", "t") == 0)
        #expect(try act(harness, .deleteGroup("g"), trial).text.hasPrefix("would delete"))
        try act(harness, .deleteGroup("g"))
        let deleted = try act(harness, .deleteTopic("t"))
        #expect(deleted.count == 3 && deleted.after == "no such topic")
        #expect(
            try entries(harness).filter { $0.phase == .after }.map(\.action)
                == ["topic_create", "topic_create", "group_update", "group_reset", "group_delete", "topic_delete"])
        try harness.restart()
        #expect(try verify(harness).brokenAt == nil && verify(harness).entries == 12)
    }

    @Test("the power goes in the middle: no effect without its note, and the chain holds", arguments: 0..<10)
    func crashBetween(calls: Int) throws {
        for seed in 1..<6 as Range<UInt64> {
            let harness = try acted()
            try half(harness, "C")
            harness.disk.stop(after: calls)
            let box = harness.begin(.act(.resolve(id: "C", .commit), Self.context))
            harness.settle()
            try harness.crash(seed: seed)
            let found = try entries(harness)
            let isResolved = try harness.halves().total == 0
            let isBegun = found.contains { $0.target == "C" && $0.phase == .before }
            let isEnded = found.contains { $0.target == "C" && $0.phase == .after }
            #expect(found.count >= 4 && (isBegun || !isResolved))
            if case .acted = box.response { #expect(isResolved && isBegun && isEnded) }
            let verified = try verify(harness)
            #expect(verified.brokenAt == nil && verified.unfinished == (isBegun && !isEnded ? [5] : []))
            // It goes on behind what is left.
            if !isResolved { try act(harness, .resolve(id: "C", .commit)) }
            #expect(try verify(harness).brokenAt == nil)
        }
    }

    @Test("an action without an end is named")
    func unfinished() throws {
        let harness = try acted()
        try half(harness, "C")
        _ = harness.begin(.act(.resolve(id: "C", .commit), Self.context))
        let job = try #require(harness.broker.store.takeWrite())
        job.run()
        try harness.kill()
        #expect(try harness.halves().total == 0)
        #expect(try verify(harness).unfinished == [5])
        try act(harness, .updateGroup(GroupConfig(name: "g")))
        let verified = try verify(harness)
        #expect(verified.unfinished == [5] && verified.entries == 7 && verified.brokenAt == nil)
    }

    @Test("a line that was torn is cut off", arguments: [1, 40, 300])
    func torn(missing: Int) throws {
        let harness = try acted()
        let whole = try #require(harness.disk.contents(AuditLog.path))
        harness.disk.setContents(AuditLog.path, Array(whole.dropLast(missing)))
        try harness.kill()
        #expect(try entries(harness).map(\.number) == [1, 2, 3])
        #expect(try verify(harness).unfinished == [3])
        try act(harness, .updateGroup(GroupConfig(name: "g")))
        #expect(try verify(harness).brokenAt == nil && verify(harness).entries == 5)
        // Zeros where a sector did not reach the disk.
        var zeroed = whole
        for at in zeroed.count - 90..<zeroed.count - 20 { zeroed[at] = 0 }
        harness.disk.setContents(AuditLog.path, zeroed)
        try harness.kill()
        #expect(try entries(harness).map(\.number) == [1, 2, 3])
    }

    @Test("every flipped bit is found", arguments: [0, 3, 7])
    func flipped(bit: Int) throws {
        let harness = try acted()
        let whole = try #require(harness.disk.contents(AuditLog.path))
        var starts = [0]
        for (at, byte) in whole.enumerated() where byte == UInt8(ascii: "\n") { starts.append(at + 1) }
        for at in stride(from: 0, to: whole.count - 1, by: 17) {
            var bytes = whole
            bytes[at] ^= 1 << UInt8(bit)
            harness.disk.setContents(AuditLog.path, bytes)
            try harness.kill()
            let line = Int64(starts.count { $0 <= at })
            let found = try verify(harness)
            #expect(found.brokenAt == line || found.brokenAt == line + 1, "byte \(at)")
            #expect(found.problem != nil)
        }
    }

    @Test("a removed, a swapped and an invented line are found; the broker opens all the same")
    func tampered() throws {
        let harness = try acted()
        let whole = lines(harness)
        func found(_ lines: [[UInt8]]) throws -> Int64? {
            write(lines, harness)
            try harness.kill()
            return try verify(harness).brokenAt
        }
        #expect(try found(whole) == nil)
        #expect(try found([whole[0], whole[2], whole[3]]) == 3)
        #expect(try found(Array(whole.dropFirst())) == 2)
        #expect(try found([whole[0], whole[2], whole[1], whole[3]]) == 3)
        #expect(try found(whole + [whole[3]]) == 4)
        #expect(try found(whole + [Array("{}".utf8)]) == 5)
        #expect(try entries(harness).last?.action == "unreadable")
        // An entry made anew with a fitting hash betrays itself by the next.
        var forged = try #require(try entries(harness).first)
        forged.reason = "another"
        #expect(try found([AuditLine.encode(forged).bytes.dropLast()] + whole.dropFirst()) == 2)
        try act(harness, .updateGroup(GroupConfig(name: "g")))
        #expect(try entries(harness).count == 6)
    }

    @Test("a file that was cut while the broker runs is noticed")
    func cut() throws {
        let harness = try acted()
        try harness.disk.open(AuditLog.path, create: false).truncate(to: Int64(lines(harness)[0].count + 1))
        let found = try verify(harness)
        #expect(found.brokenAt == 2 && found.entries == 1)
    }

    @Test("entries are read from any number on and from the end")
    func reading() throws {
        let harness = try BrokerHarness()
        for number in 1...300 { try act(harness, .updateGroup(GroupConfig(name: "g\(number)"))) }
        for _ in 0..<2 {
            #expect(try entries(harness, from: 0, limit: 2).map(\.number) == [1, 2])
            #expect(try entries(harness, from: 255, limit: 4).map(\.number) == [255, 256, 257, 258])
            #expect(try entries(harness, from: 513, limit: 2).map(\.number) == [513, 514])
            #expect(try entries(harness, from: -3).map(\.number) == [598, 599, 600])
            #expect(try entries(harness, from: -1_000).count == 600)
            #expect(try entries(harness, from: 601).isEmpty && entries(harness, limit: -1).isEmpty)
            try harness.restart()
        }
        #expect(try verify(harness).entries == 600)
    }

    @Test("nothing is done that cannot be noted")
    func impossible() throws {
        let harness = try acted()
        try half(harness, "C")
        harness.disk.capacity = harness.disk.used + 10_000
        let full = refusal { try act(harness, .resolve(id: "C", .commit)) }
        #expect(full?.code == .unavailable && full?.message.contains("audit") == true)
        #expect(try harness.halves().total == 1)
        harness.disk.capacity = nil
        harness.disk.fail("write", on: AuditLog.path)
        #expect(refusal { try act(harness, .resolve(id: "C", .commit)) }?.code == .failed)
        #expect(refusal { try act(harness, .resolve(id: "C", .commit)) }?.code == .unavailable)
        try harness.crash(seed: 3)
        // The effect stayed off the disk with its note.
        #expect(try harness.halves().total == 1)
        #expect(try verify(harness).entries == 4)
    }
}
