import Foundation
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceTapes
import Testing

@testable import SluiceCluster

/// Halves committed and rolled back by hand on recorded brokers.
@Suite struct OperatorResolveTests {
    private static let now: Int64 = 1_795_349_400_000
    private static let context = ActionContext(
        actor: Actor(name: "ops", host: "bastion", isProven: false), reason: "the producer is gone")

    /// Which half a tape ends, and where that becomes visible.
    private struct Ended {
        var id: String
        var request: Frame
    }

    private func tape(_ name: String, _ kind: BrokerKind) throws -> TapeCalls {
        let version = name.prefix(5)
        return try TapeCalls(
            [name, "\(version)/state-raw-trans-before", "\(version)/state-raw-overview"], kind: kind)
    }

    private func ended(_ name: String) throws -> Ended {
        let request = try #require(
            try Tape(name).frames().first { $0.frame.code == RequestCode.endTransaction })
        return Ended(id: try #require(request.frame["msgId"]), request: request.frame)
    }

    @Test(arguments: [("4.9.8/state-raw-commit", BrokerKind.rocketmq4), ("5.0.0/state-raw-commit", .rocketmq5)])
    func aCommitIsTheProducersAndIsSeen(_ name: String, _ kind: BrokerKind) async throws {
        let calls = try tape(name, kind)
        let cluster = ClusterOperator(calls, now: { Self.now })
        let half = try ended(name)
        let answer = await cluster.answer(.act(.resolve(id: half.id, .commit), Self.context))
        guard case .acted(let outcome) = answer else {
            Issue.record("not committed: \(answer); unknown to the tape: \(calls.unanswered)")
            return
        }
        let sent = calls.requests(RequestCode.endTransaction)
        #expect(sent.count == 1)
        for field in ["producerGroup", "tranStateTableOffset", "commitLogOffset", "commitOrRollback", "msgId"] {
            #expect(sent.first?[field] == half.request[field])
        }
        let resolution = try #require(outcome.resolution)
        #expect(resolution.visibleAt?.topic == "tx_orders")
        #expect(resolution.queueOffset == 1)
        guard case .halves(let page) = await cluster.answer(.halves(skip: 0, limit: 10)) else { return }
        #expect(!page.items.contains { $0.id == half.id })
        #expect(page.total == 4)
    }

    @Test(arguments: [("4.9.8/state-raw-rollback", BrokerKind.rocketmq4), ("5.0.0/state-raw-rollback", .rocketmq5)])
    func aRollBackLeavesNothing(_ name: String, _ kind: BrokerKind) async throws {
        let calls = try tape(name, kind)
        let cluster = ClusterOperator(calls, now: { Self.now })
        let half = try ended(name)
        guard case .acted(let outcome) = await cluster.answer(.act(.resolve(id: half.id, .rollback), Self.context))
        else {
            Issue.record("not rolled back; unknown to the tape: \(calls.unanswered)")
            return
        }
        #expect(calls.requests(RequestCode.endTransaction).map { $0["commitOrRollback"] } == ["12"])
        #expect(outcome.resolution?.visibleAt == nil)
        guard case .halves(let page) = await cluster.answer(.halves(skip: 0, limit: 10)) else { return }
        #expect(!page.items.contains { $0.id == half.id })
    }

    /// A cluster where somebody else's commit comes just before the end that is sent.
    private struct Overtaken: ClusterCalls {
        let tape: TapeCalls
        let half: Ended

        func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker] {
            try await tape.brokers(refresh: refresh)
        }
        func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
            try await tape.callNameServer(request, milliseconds: milliseconds)
        }

        func call(_ broker: ClusterBroker, _ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
            if request.code == RequestCode.endTransaction {
                return try await tape.call(broker, half.request, milliseconds: milliseconds)
            }
            let isEnded = !tape.requests(RequestCode.endTransaction).isEmpty
            if request.code == RequestCode.queryMessage, request["key"] == half.id, isEnded {
                return Frame(code: ResponseCode.success, flag: 1, body: visible.record())
            }
            return try await tape.call(broker, request, milliseconds: milliseconds)
        }

        private var visible: StoredMessage {
            StoredMessage(
                topic: "tx_orders", queue: 0, queueOffset: 1, physicalOffset: 9_000, size: 0, flag: 0,
                systemFlag: SystemFlag.commit, bornTimestamp: 1, bornHost: "1.2.3.4:5", storeTimestamp: 2,
                storeHost: "6.7.8.9:10", reconsumeTimes: 0, preparedTransactionOffset: 0,
                properties: [Property(PropertyName.uniqueKey, half.id)], body: Array("paid".utf8))
        }
    }

    /// The half is gone in either case: only a look for the message tells who was first.
    @Test func aRollBackThatWasOvertakenSaysSo() async throws {
        let half = try ended("4.9.8/state-raw-commit")
        let calls = Overtaken(tape: try tape("4.9.8/state-raw-commit", .rocketmq4), half: half)
        let cluster = ClusterOperator(calls, now: { Self.now })
        let answer = await cluster.answer(.act(.resolve(id: half.id, .rollback), Self.context))
        guard case .failed(let error) = answer else {
            Issue.record("taken for a rollback: \(answer)")
            return
        }
        #expect(error.code == .conflict && error.message.contains("the rollback came too late"))
    }

    @Test func aTrialSendsNothingAndAnUnknownIdIsNotFound() async throws {
        let name = "4.9.8/state-raw-commit"
        let calls = try tape(name, .rocketmq4)
        let cluster = ClusterOperator(calls, now: { Self.now })
        var trial = Self.context
        trial.dryRun = true
        let half = try ended(name)
        guard case .acted(let outcome) = await cluster.answer(.act(.resolve(id: half.id, .commit), trial)) else {
            Issue.record("no trial")
            return
        }
        #expect(outcome.text.hasPrefix("would commit"))
        #expect(calls.requests(RequestCode.endTransaction).isEmpty)
        guard case .failed(let error) = await cluster.answer(.act(.resolve(id: "nobody", .commit), trial)) else {
            Issue.record("resolved nobody's half")
            return
        }
        #expect(error.code == .notFound)
    }

    @Test func whatIsDoneIsNotedBeforeAndAfter() async throws {
        let name = "4.9.8/state-raw-commit"
        let file = FileManager.default.temporaryDirectory
            .appending(path: "sluice-audit-\(UInt64.random(in: 0 ... .max))/deep/audit.jsonl").path
        let calls = try tape(name, .rocketmq4)
        let cluster = ClusterOperator(calls, auditFile: file, now: { Self.now })
        let half = try ended(name)
        _ = await cluster.answer(.act(.resolve(id: half.id, .commit), Self.context))
        // A second console goes on with the same chain.
        let other = ClusterOperator(calls, auditFile: file, now: { Self.now })
        _ = await other.answer(.act(.resolve(id: half.id, .commit), Self.context))
        guard case .told(.audit(let entries, let total)) = await other.answer(.question(.audit(from: 1, limit: 10)))
        else {
            Issue.record("no audit")
            return
        }
        #expect(total == 4)
        #expect(entries.map(\.action) == ["commit", "commit", "commit", "commit"])
        #expect(entries[0].state.contains("unresolved") && entries[0].state.contains("PG_tx_gone"))
        #expect(entries[1].isDone && entries[1].begun == 1)
        #expect(!entries[3].isDone)
        #expect(entries.allSatisfy { $0.actor.name == "ops" && $0.reason == "the producer is gone" })
        guard case .told(.auditVerified(let verification)) = await other.answer(.question(.verifyAudit)) else {
            Issue.record("not verified")
            return
        }
        #expect(verification.brokenAt == nil && verification.unfinished.isEmpty)
        var text = try String(contentsOfFile: file, encoding: .utf8)
        text.replace("bastion", with: "bunker!", maxReplacements: 1)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        guard case .told(.auditVerified(let broken)) = await other.answer(.question(.verifyAudit)) else { return }
        #expect(broken.brokenAt == 1)
    }

    @Test func whatCannotBeNotedIsNotDone() async throws {
        let name = "4.9.8/state-raw-commit"
        let calls = try tape(name, .rocketmq4)
        let cluster = ClusterOperator(calls, auditFile: "/proc/sluice/audit.jsonl", now: { Self.now })
        let half = try ended(name)
        guard case .failed(let error) = await cluster.answer(.act(.resolve(id: half.id, .commit), Self.context)) else {
            Issue.record("done without a note")
            return
        }
        #expect(error.code == .unavailable)
        #expect(calls.requests(RequestCode.endTransaction).isEmpty)
    }

    @Test func opsNameOneHalfOrMany() {
        #expect(HalfLook.offsets(Array("7".utf8)) == [7])
        #expect(HalfLook.offsets(Array("3,5, 12".utf8)) == [3, 5, 12])
        #expect(HalfLook.offsets(Array("x,-".utf8)).isEmpty)
    }
}
