import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

/// Delays while the machine, the process and the disk fail at any call: none lost, none twice, none early.
@Suite("Delays and crashes")
struct DelayCrashTests {
    private final class World {
        enum Fate { case waits, cancelled, unknown }
        struct Known {
            /// The earliest moment it may come.
            var due: Int64
            var fate: Fate
        }
        let harness: BrokerHarness
        var random: SeededGenerator
        var known: [String: Known] = [:]
        var next = 0
        var job: DelayRunJob?
        let context = ActionContext(actor: Actor(name: "ann", host: "desk", isProven: false))

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            var options = BrokerOptions()
            options.delaysInMemory = 12
            harness = try BrokerHarness(options: options)
            try harness.publish("t", "first")
        }

        func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

        func publish() {
            let id = "m\(next)"
            next += 1
            let isLevel = number(0...3) == 0
            let span = number(0...2) == 0 ? 3_000 : number(1...90_000)
            let message = Message(
                topic: "t", body: Array(id.utf8), properties: [Property(PropertyName.uniqueKey, id)],
                delay: isLevel ? .level(2) : .after(milliseconds: span), queue: 0)
            let isStored = (try? harness.publish(message)) != nil
            known[id] = Known(due: harness.now + (isLevel ? 5_000 : span), fate: isStored ? .waits : .unknown)
        }

        func act() {
            guard
                let (id, was) = known.filter({ $0.value.fate == .waits }).sorted(by: { $0.key < $1.key })
                    .randomElement(using: &random)
            else { return }
            let box = ReplyBox()
            let kind = number(0...2)
            let due = harness.now + number(1...60_000)
            do {
                switch kind {
                case 0: try harness.broker.cancelDelay(id: id, topic: "t", context, box.reply)
                case 1: try harness.broker.deliverNow(id: id, topic: nil, context, box.reply)
                default: try harness.broker.reschedule(id: id, topic: "t", due: due, context, box.reply)
                }
            } catch {
                return
            }
            harness.settle()
            let isDone = if case .acted = box.response { true } else { false }
            switch kind {
            case 0: known[id]?.fate = isDone ? .cancelled : .unknown
            case 1: known[id]?.due = min(was.due, harness.now)
            default: known[id]?.due = isDone ? due : min(due, was.due)
            }
            if case .failed = box.response, kind == 0 { known[id]?.fate = .unknown }
        }

        func work() {
            if let job {
                if number(0...3) > 0 { job.run() } else { return }
                harness.broker.finish(job)
                self.job = nil
            } else {
                job = harness.broker.takeTimerJob()
            }
        }

        func fail(_ seed: UInt64) throws {
            if let job, number(0...1) == 0 { job.run() }
            job = nil
            switch number(0...3) {
            case 0: try harness.kill()
            case 1: try harness.restart()
            default: try harness.crash(seed: seed)
            }
            harness.holdsMaintenance = number(0...1) == 0
        }

        func check() throws {
            let messages = try harness.pull("t", limit: 10_000).messages.dropFirst()
            var seen: Set<String> = []
            for message in messages {
                let id = String(decoding: message.body, as: UTF8.self)
                #expect(seen.insert(id).inserted, "\(id) came twice")
                #expect(known[id]?.fate != .cancelled, "\(id) was cancelled")
                #expect(message.storeTimestamp >= known[id]?.due ?? .max, "\(id) came early")
            }
            let waiting = Set(try harness.delays(DelayQuery(limit: 10_000)).items.map(\.id))
            #expect(waiting.isDisjoint(with: seen))
            for (id, about) in known where about.fate == .waits {
                #expect(seen.contains(id) || waiting.contains(id), "\(id) is lost")
            }
        }
    }

    @Test("nothing is lost, comes twice or early, whatever fails when", arguments: CommitSeed.with(0..<40))
    func chaos(seed: UInt64) throws {
        let world = try World(seed: seed)
        for step in 0..<160 {
            switch world.number(0...19) {
            case 0...7: world.publish()
            case 8...10: world.harness.advance(world.number(1...4_000))
            case 11, 12: world.act()
            case 13...15: world.work()
            case 16: world.harness.checkpoint()
            case 17: if world.number(0...1) == 0 { world.harness.disk.stop(after: Int(world.number(0...40))) }
            case 18: try world.fail(seed &* 1_000 &+ UInt64(step))
            default:
                // With a broken log what was delivered is not seen, and nothing more happens before a restart.
                if world.harness.broker.store.broken == nil { try world.check() }
            }
        }
        try world.fail(seed)
        try world.check()
        if seed % 2 == 0 {
            world.harness.disk.delete { $0 == "checkpoint" }
            try world.harness.kill()
            try world.check()
        }
        world.harness.holdsMaintenance = false
        world.harness.advance(200_000)
        try world.check()
        #expect(try world.harness.delays().total == 0)
    }

    @Test("a run file that is damaged or gone costs a rebuild, and no delay", arguments: [true, false])
    func damagedRun(deleted: Bool) throws {
        var options = BrokerOptions()
        options.delaysInMemory = 600
        let harness = try BrokerHarness(options: options)
        let messages = (0..<1_000).map { k in
            Message(topic: "t", body: Array("\(k)".utf8), delay: .after(milliseconds: 100_000 + Int64(k)), queue: 0)
        }
        try harness.publish(messages)
        harness.checkpoint()
        let path = try #require(harness.disk.paths.first { $0.hasPrefix("timer/") })
        if deleted {
            try harness.kill()
            harness.disk.delete { $0 == path }
        } else {
            harness.disk.flip(path, byte: 100, bit: 0)
            #expect(try harness.status().damagedRecords == 0)
            harness.advance(150_000)
            #expect(try harness.status().damagedRecords > 0)
            #expect(!harness.disk.exists("checkpoint"))
            harness.checkpoint()
        }
        try harness.restart()
        #expect(try harness.status().recovery.contains("rebuilt"))
        harness.advance(200_000)
        let texts = try harness.pull("t", limit: 2_000).texts
        #expect(texts.count == 1_000 && Set(texts).count == 1_000)
    }

    @Test("retention stores what a segment owes again, ids unchanged, and lets it go", arguments: [false, true])
    func owedCopies(bySize: Bool) throws {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        harness.storeOptions.retainMilliseconds = bySize ? 1 << 50 : 20_000
        harness.storeOptions.retainBytes = bySize ? 40_000 : nil
        try harness.restart()
        for k in 0..<10 {
            let delay: Delay = k == 9 ? .level(18) : .after(milliseconds: 1_000_000 + Int64(k))
            let properties = k % 2 == 0 ? [Property(PropertyName.uniqueKey, "ID-\(k)")] : []
            try harness.publish(
                Message(topic: "t", body: Array("\(k)".utf8), properties: properties, delay: delay, queue: 0))
        }
        for k in 0..<300 {
            try harness.publish(Message(topic: "x", body: [UInt8](repeating: UInt8(k % 256), count: 400), queue: 0))
        }
        let before = try harness.delays().items
        #expect(before.count == 10)
        harness.checkpoint()
        harness.holdsMaintenance = true
        for _ in 0..<6 { harness.advance(11_000) }
        let copied = try harness.delays().items
        #expect(copied.map(\.id) == before.map(\.id) && copied.map(\.due) == before.map(\.due))
        #expect((copied.map(\.physicalOffset).min() ?? 0) > 100_000)
        // The copies are not behind a checkpoint yet.
        #expect(harness.broker.store.minOffset == 0 && harness.broker.store.wantsCheckpoint)
        harness.holdsMaintenance = false
        try harness.crash(seed: 7)
        #expect(try harness.delays().items == copied)
        for _ in 0..<8 { harness.advance(11_000) }
        #expect(harness.broker.store.minOffset > 50_000)
        for id in copied.map(\.id) { #expect(try harness.delays(DelayQuery(key: id)).items.map(\.id) == [id]) }
        try harness.crash(seed: 8)
        harness.disk.delete { $0 == "checkpoint" }
        try harness.kill()
        #expect(try harness.delays().items == copied)
        harness.advance(8_000_000)
        #expect(try harness.texts("t").sorted() == (0..<10).map(String.init))
    }

    @Test("what waits is not copied again and again for the sake of size")
    func allOwed() throws {
        let harness = try BrokerHarness(segmentBytes: 8_192)
        harness.storeOptions.retainBytes = 20_000
        try harness.restart()
        for _ in 0..<100 {
            let body = [UInt8](repeating: 1, count: 400)
            try harness.publish(Message(topic: "t", body: body, delay: .after(milliseconds: 1_000_000), queue: 0))
        }
        harness.checkpoint()
        let tail = harness.broker.store.tail
        for _ in 0..<10 { harness.advance(11_000) }
        #expect(harness.broker.store.tail == tail && harness.broker.store.minOffset == 0)
        #expect(try harness.delays().total == 100)
    }

    @Test("much that is due at once is delivered in slices, requests in between")
    func slices() throws {
        let harness = try BrokerHarness()
        let due = harness.now + 1_000
        try harness.publish((0..<700).map { Message(topic: "t", body: [UInt8($0 % 256)], delay: .at(due), queue: 0) })
        harness.broker.beginTurn(now: due)
        let left = try harness.delays().total
        #expect(left > 0 && left < 700 && harness.broker.nextDeadline() <= due)
        harness.advance(1_000)
        #expect(try harness.delays().total == 0)
        #expect(try harness.pull("t").messages.map { $0.body[0] } == (0..<700).map { UInt8($0 % 256) })
    }

    @Test("a record that cannot be read for a while is delivered late, not lost")
    func unreadable() throws {
        let harness = try BrokerHarness()
        try harness.publish(Message(topic: "t", body: [1], delay: .after(milliseconds: 1_000), queue: 0))
        harness.checkpoint()
        harness.disk.fail("read", on: "commitlog", times: 2)
        harness.advance(1_000)
        #expect(try harness.delays().total == 1)
        harness.advance(1_000)
        #expect(try harness.pull("t").messages.map(\.body) == [[1]])
        // For too long: the next start finds it.
        try harness.publish(Message(topic: "t", body: [2], delay: .after(milliseconds: 1_000), queue: 0))
        harness.disk.fail("read", on: "commitlog", times: 1_000)
        for _ in 0..<20 { harness.advance(1_000) }
        #expect(try harness.status().damagedRecords == 1)
        try harness.restart()
        harness.advance(1_000)
        #expect(try harness.pull("t").messages.map(\.body) == [[1], [2]])
    }
}
