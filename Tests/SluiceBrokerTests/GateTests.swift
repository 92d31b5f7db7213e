import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

@Suite("Gates of consumer groups")
struct GateTests {
    /// A push client's way to pull: one pull a queue at a time, the next when the last one was answered and read.
    private final class Puller {
        private let harness: BrokerHarness
        private let request: (QueueID, Int64) -> PullRequest
        private var queues: [QueueID: (offset: Int64, box: ReplyBox)] = [:]
        private(set) var texts: [QueueID: [String]] = [:]
        private(set) var pulls = 0
        var failures: [APIError] = []
        /// Asks no more.
        var isStopping = false
        var count: Int { texts.values.reduce(0) { $0 + $1.count } }

        init(
            _ harness: BrokerHarness, _ queues: [QueueID], group: String = "g", limit: Int = 32, filter: String = "*",
            wait: Int64 = 15_000
        ) {
            self.harness = harness
            request = { queue, offset in
                PullRequest(
                    group: group, queue: queue, offset: offset, limit: limit, filter: TagFilter(filter), wait: wait)
            }
            for queue in queues { ask(queue, 0) }
        }

        private func ask(_ queue: QueueID, _ offset: Int64) {
            if isStopping {
                queues[queue] = nil
                return
            }
            pulls += 1
            // A request that arrives turns the owner.
            harness.turn()
            queues[queue] = (offset, harness.begin(.pull(request(queue, offset))))
        }

        /// Reads what was answered and asks again, until nothing is answered any more.
        func step() throws { while try readAnswers() {} }

        private func readAnswers() throws -> Bool {
            var isAny = false
            for (queue, (offset, box)) in queues.sorted(by: { $0.key < $1.key }) {
                guard let response = box.response else { continue }
                isAny = true
                #expect(box.count == 1)
                guard case .pulled(let answer) = response else {
                    if case .failed(let error) = response { failures.append(error) }
                    queues[queue] = nil
                    continue
                }
                let read = try BrokerHarness.read(answer)
                texts[queue, default: []] += read.texts
                ask(queue, answer.status == .found ? read.next : offset)
            }
            return isAny
        }
    }

    /// Lets time pass as the owner would: from one deadline to the next, answers read between.
    private func pass(_ harness: BrokerHarness, _ milliseconds: Int64, _ puller: Puller) throws {
        let end = harness.now + milliseconds
        while harness.now < end {
            try puller.step()
            let next = min(max(harness.broker.nextDeadline(), harness.now + 1), end)
            harness.advance(next - harness.now)
        }
        try puller.step()
    }

    private func fill(_ harness: BrokerHarness, _ count: Int, queues: Int = 4, tag: (Int) -> String? = { _ in nil })
        throws
    {
        for start in stride(from: 0, to: count, by: 1_000) {
            try harness.publish(
                (start..<min(start + 1_000, count)).map {
                    Message(topic: "t", body: Array("m\($0)".utf8), tag: tag($0), queue: $0 % queues)
                })
        }
    }

    @discardableResult
    private func set(_ harness: BrokerHarness, _ setting: GateSetting, dryRun: Bool = false) throws -> ActionOutcome {
        let box = ReplyBox()
        try harness.broker.setGate(group: "g", setting, GateTests.operator(dryRun: dryRun), box.reply)
        harness.settle()
        guard case .acted(let outcome) = box.response else { throw APIError(.failed, "no outcome") }
        return outcome
    }

    static func `operator`(dryRun: Bool = false) -> ActionContext {
        ActionContext(actor: Actor(name: "op", host: "here", isProven: true), reason: "a test", dryRun: dryRun)
    }

    private func status(_ harness: BrokerHarness) throws -> GateStatus {
        try #require(try harness.broker.gates("g").first)
    }

    private let queues = (0..<4).map { QueueID("t", $0) }

    @Test(
        "a limit holds within five percent over ten seconds, in fair turns, whatever a filter passes over",
        arguments: [1, 7.5, 100, 1_000, 2_345], ["*", "A", "A || C"])
    func limit(rate: Double, filter: String) throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 20)
        try fill(harness, filter == "*" ? 30_000 : 60_000) { $0 / 4 % 8 < 3 ? "A" : $0 / 4 % 8 == 3 ? "C" : "B" }
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .limited(perSecond: rate))
        let puller = Puller(harness, queues, filter: filter)
        try pass(harness, 10_000, puller)
        #expect(abs(Double(puller.count) - rate * 10) <= max(0.5, rate * 0.5), "\(puller.count) in ten seconds")
        let counts = queues.map { puller.texts[$0]?.count ?? 0 }
        let portion = max(1, Int(rate / 50))
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= max(portion * 2, 32), "\(counts)")
        #expect(puller.failures.isEmpty)
        let told = try status(harness).perSecond
        #expect(abs(told - rate) <= max(0.2, rate * 0.06), "told \(told)")
        #expect(puller.pulls < 4_000)
        // Nothing is skipped: each queue's messages came in order without a gap.
        for (queue, texts) in puller.texts where filter == "*" {
            #expect(texts == (0..<texts.count).map { "m\($0 * 4 + queue.queue)" })
        }
    }

    @Test("what a filter passes over does not count, though the units are many")
    func rareTag() throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 20)
        try fill(harness, 40_000) { $0 / 4 % 100 == 0 ? "rare" : "other" }
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .limited(perSecond: 20))
        let puller = Puller(harness, queues, filter: "rare")
        try pass(harness, 10_000, puller)
        #expect((190...210).contains(puller.count), "\(puller.count)")
    }

    @Test("an answer that nobody reads gives its tokens back")
    func droppedAnswers() throws {
        let harness = try BrokerHarness()
        try fill(harness, 100)
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .limited(perSecond: 10))
        harness.advance(1_000)
        for _ in 0..<5 {
            let box = harness.begin(.pull(PullRequest(group: "g", queue: queues[0], offset: 0, limit: 32)))
            guard case .pulled(let answer) = box.response else { return }
            #expect(answer.status == .found)
        }
        #expect(try harness.pull("t", group: "g").texts == ["m0"])
        // A pull that does not wait is answered empty at once, and never with an error.
        #expect(try harness.pull("t", queue: 1, group: "g").status == .noNewMessage)
    }

    @Test("a paused group gets nothing, waits, and goes on the moment it is let through")
    func pause() throws {
        let harness = try BrokerHarness()
        try fill(harness, 40)
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .paused)
        let puller = Puller(harness, queues)
        try pass(harness, 5_000, puller)
        #expect(puller.count == 0 && puller.pulls == 4)
        #expect(harness.broker.nextDeadline() >= harness.now + 1_000)
        try pass(harness, 25_000, puller)
        #expect(puller.count == 0 && puller.failures.isEmpty)
        #expect(puller.pulls == 4 * 3)
        try set(harness, .open)
        try puller.step()
        #expect(puller.count == 40)
        try fill(harness, 8)
        try puller.step()
        #expect(puller.count == 48)
    }

    @Test("changing the limit counts from now on, and other groups do not feel it")
    func change() throws {
        let harness = try BrokerHarness(segmentBytes: 16 << 20)
        try fill(harness, 20_000)
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .limited(perSecond: 10))
        let puller = Puller(harness, queues)
        try pass(harness, 10_000, puller)
        #expect((95...105).contains(puller.count))
        try set(harness, .limited(perSecond: 500))
        try pass(harness, 10_000, puller)
        #expect((4_850...5_360).contains(puller.count))
        #expect(try harness.pull("t", limit: 1_000, group: "others").texts.count == 1_000)
        try set(harness, .paused)
        let before = puller.count
        try pass(harness, 3_000, puller)
        #expect(puller.count <= before + 32)
    }

    @Test("the retry topic counts as well")
    func retries() throws {
        let harness = try BrokerHarness()
        let place = try harness.publish("t", "m").physicalOffset
        for _ in 0..<50 { try harness.ask(.sendBack(SendBack(group: "g", physicalOffset: place, delayLevel: 1))) }
        harness.advance(1_000)
        try set(harness, .limited(perSecond: 2))
        let puller = Puller(harness, [QueueID(TopicName.retry("g"), 0)])
        try pass(harness, 10_000, puller)
        #expect((19...21).contains(puller.count))
    }

    @Test("gates survive a crash and a restart; groups of earlier versions are open", arguments: 0..<2)
    func survival(way: Int) throws {
        let harness = try BrokerHarness()
        try fill(harness, 400)
        _ = try harness.pull("t", limit: 1, group: "g")
        func again() throws { if way == 0 { try harness.crash(seed: 3) } else { try harness.restart() } }
        try set(harness, .limited(perSecond: 12.5))
        try again()
        #expect(try status(harness).setting == .limited(perSecond: 12.5))
        try harness.ask(.updateGroup(GroupConfig(name: "g", retryMaxTimes: 3)))
        try set(harness, .paused)
        try again()
        #expect(try harness.broker.gates(nil).map(\.setting) == [.paused])
        #expect(try harness.pull("t", group: "g").status == .noNewMessage)
        try set(harness, .open)
        try again()
        #expect(try harness.broker.gates(nil).isEmpty && status(harness).setting == .open)
        #expect(try harness.pull("t", group: "g").texts.count == 100)
    }

    @Test("what clients hold is what was handed out and not committed, and the rest waits")
    func held() throws {
        let harness = try BrokerHarness()
        try fill(harness, 400) { $0 % 8 < 4 ? "A" : "B" }
        let log = PushLog()
        func register(_ model: MessageModel) throws {
            try harness.ask(
                .register(
                    Registration(
                        client: "c", address: "a", consumerGroup: "g", model: model, subscriptions: ["t": "*"],
                        push: log.push)))
        }
        try register(.clustering)
        _ = try harness.pull("t", limit: 10, group: "g")
        _ = try harness.pull("t", queue: 1, limit: 20, filter: "A", group: "g")
        // Every second one of the 19 that were looked through is an A.
        #expect(try status(harness).held == 10 + 10)
        #expect(try status(harness).waiting == 400 - 29)
        try harness.commit("g", "t", 4)
        #expect(try status(harness).held == 6 + 10)
        // Going on from further on: what lies before was handed out.
        _ = try harness.pull("t", from: 10, limit: 5, group: "g")
        #expect(try status(harness).held == 11 + 10)
        #expect(try harness.committed("g", "t") == 4)
        // A reset takes back what was pulled ahead, as the clients drop it.
        try harness.commit("g", "t", 2)
        #expect(try status(harness).backwardCommits == 1)
        _ = try harness.pull("t", from: 2, limit: 1, group: "g")
        #expect(try status(harness).held == 1 + 10)
        try register(.broadcasting)
        #expect(try status(harness).held == 0)
    }

    @Test("what a client that left held waits again")
    func leaving() throws {
        let harness = try BrokerHarness()
        try fill(harness, 40)
        try harness.ask(
            .register(
                Registration(
                    client: "c", address: "a", consumerGroup: "g", subscriptions: ["t": "*"], push: PushLog().push)))
        let request = PullRequest(group: "g", queue: queues[0], offset: 0, limit: 5, client: "c")
        guard case .pulled(let answer) = try harness.ask(.pull(request)) else { return }
        _ = try BrokerHarness.read(answer)
        try harness.commit("g", "t", 1)
        #expect(try status(harness).held == 4)
        try harness.ask(.unregister(client: "c"))
        #expect(try status(harness).held == 0)
    }

    @Test("wrong rates, unknown and system groups are refused, and a trial changes nothing")
    func refusals() throws {
        let harness = try BrokerHarness()
        try fill(harness, 4)
        _ = try harness.pull("t", group: "g")
        func code(_ group: String, _ setting: GateSetting) -> APIError.Code? {
            do throws(APIError) {
                try harness.broker.setGate(group: group, setting, Self.operator()) { _ in }
                return nil
            } catch {
                return error.code
            }
        }
        for rate in [0, 0.05, -1, 1_000_001, .nan, .infinity] {
            #expect(code("g", .limited(perSecond: rate)) == .invalid)
        }
        #expect(code("none", .paused) == .notFound)
        _ = try harness.pull("t", group: "CID_RMQ_SYS_TRANS")
        #expect(code("CID_RMQ_SYS_TRANS", .paused) == .refused)
        let trial = try set(harness, .paused, dryRun: true)
        #expect(trial.text.contains("would be paused") && trial.before == "open" && trial.gate?.setting == .paused)
        #expect(try status(harness).setting == .open)
        let done = try set(harness, .limited(perSecond: 50))
        #expect(done.before == "open" && done.after == "limited to 50 messages a second")
    }

    @Test("closing the broker answers those who wait at a gate, and so does the end of their group")
    func ends() throws {
        let harness = try BrokerHarness()
        try fill(harness, 8)
        _ = try harness.pull("t", limit: 1, group: "g")
        try set(harness, .paused)
        let waiting = Puller(harness, queues)
        try harness.ask(.deleteGroup("g"))
        harness.run()
        try waiting.step()
        #expect(waiting.count == 0 && waiting.failures.count == queues.count, "its group is gone")
        let puller = Puller(harness, queues)
        try puller.step()
        #expect(puller.count == 8, "another group of that name has no gate")
        try set(harness, .paused)
        try fill(harness, 8)
        harness.broker.beginClosing()
        puller.isStopping = true
        try puller.step()
        #expect(puller.count == 8 && puller.failures.isEmpty)
    }

    @Test("numbers that no queue has, asked from or committed by a peer, are neither kept nor added up")
    func impossibleOffsets() throws {
        let harness = try BrokerHarness()
        for text in ["a", "b"] { _ = try harness.publish("t", text, queue: 0) }
        let queue = QueueID("t", 0)
        for offset in [Int64.max, 0, .min, .max] {
            _ = try harness.ask(.pull(PullRequest(group: "g", queue: queue, offset: offset, limit: 1)))
        }
        let commit = OffsetCommit(group: "g", queue: queue, offset: .max)
        #expect(throws: APIError.self) { _ = try harness.ask(.commit([commit])) }
        guard case .told(.gates(let gates)) = try harness.ask(.question(.gates(group: "g"))) else {
            Issue.record("the gate was not told")
            return
        }
        #expect(gates.first?.held ?? -1 >= 0)
        guard case .group(let status) = try harness.ask(.group("g")) else { return }
        #expect((0...2).contains(status.summary.lag ?? -1))
    }
}
