import SluiceAPI
import SluiceMessage
import SluiceSimulator
import SluiceStorage
import Testing

@testable import SluiceBroker

/// The timer beside a list that is sorted and searched.
@Suite("Delay timer")
struct DelayTimerTests {
    /// Both of them, and the disk with what a checkpoint said last.
    private final class Pair {
        let disk = SimulatedDisk()
        var timer: DelayTimer
        var model: [DelayEntry] = []
        var now: Int64 = 1_000_000
        var random: SeededGenerator
        var job: DelayRunJob?
        var tail: Int64 = 0
        let most: Int

        init(seed: UInt64, most: Int) throws {
            random = SeededGenerator(seed: seed)
            self.most = most
            timer = DelayTimer(most: most)
            try disk.createDirectory(DelayRunFile.folder)
        }

        func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
        func topic(_ number: Int32) -> String { "topic \(number)" }

        func add(spread: Int64) {
            let topic = Int32(number(0...80))
            let level = Int32(number(0...3))
            tail += number(1...50)
            let entry = DelayEntry(due: now + number(-500...spread), physicalOffset: tail, level: level)
            timer.add(due: entry.due, physicalOffset: tail, level: level, topic: self.topic(topic))
            model.append(DelayEntry(due: entry.due, physicalOffset: tail, level: level, topic: topic))
        }

        func pop(_ limit: Int) {
            model.sort()
            for _ in 0..<limit {
                let due = model.first.flatMap { $0.due <= now ? $0 : nil }
                let popped = timer.pop(now: now)
                #expect(popped?.physicalOffset == due?.physicalOffset && popped?.due == due?.due)
                guard due != nil else { return }
                model.removeFirst()
            }
        }

        func remove() {
            guard let entry = model.randomElement(using: &random) else { return }
            #expect(timer.remove(due: entry.due, physicalOffset: entry.physicalOffset))
            #expect(!timer.remove(due: entry.due, physicalOffset: entry.physicalOffset))
            #expect(!timer.remove(due: entry.due + 1, physicalOffset: entry.physicalOffset))
            model.removeAll { $0.physicalOffset == entry.physicalOffset }
        }

        func settle() {
            model.sort()
            let some = Array(model.prefix(5)) + [model.randomElement(using: &random)].compactMap(\.self)
            let dues = Dictionary(some.map { ($0.physicalOffset, $0.due) }) { a, _ in a }
            let gone = Array(dues.keys) + [tail + 1]
            // Of one the moment is told wrong: the levels changed.
            timer.settle(gone) { offset in dues[offset].map { $0 + (offset % 3 == 0 ? 1 : 0) } }
            model.removeAll { dues[$0.physicalOffset] != nil }
        }

        func work() {
            if let job {
                job.run()
                timer.finish(job, now: now)
                self.job = nil
            } else {
                job = timer.takeJob(disk, now: now)
            }
        }

        func reopen() throws {
            let state = timer.save()
            timer.files.saved(isDone: true)
            // A job that was on its way is lost or leaves a file behind.
            if let job, Bool.random(using: &random) { job.run() }
            job = nil
            disk.kill()
            timer = try #require(try DelayTimer.restore(state, disk, most: most))
            try timer.tidy(disk)
            let known = timer.runs.compactMap { $0.file?.number }.sorted()
            #expect(try DelayRunFile.numbers(disk) == known)
        }

        func check() {
            #expect(timer.count == model.count)
            #expect(timer.nextDue == model.map(\.due).min())
            #expect(timer.lowestRecord ?? .max <= model.map(\.physicalOffset).min() ?? .max)
        }

        func checkLooks() {
            model.sort()
            let width = number(1...3_000)
            var counts = [Int](repeating: 0, count: 9)
            for entry in model { counts[Int(min(max((entry.due - now) / width, 0), 8))] += 1 }
            #expect(timer.histogram(start: now, width: width, buckets: 9) == counts)
            let skip = Int(number(0...Int64(model.count + 1)))
            var page: [Int64] = []
            timer.forEachSoonest(skip: skip) { entry in
                page.append(entry.physicalOffset)
                return page.count < 20
            }
            #expect(page == model.dropFirst(skip).prefix(20).map(\.physicalOffset))
            let topic = Int32(number(0...81))
            page = []
            timer.forEachSoonest(topic: self.topic(topic), skip: 1) { entry in
                page.append(entry.physicalOffset)
                return page.count < 3
            }
            #expect(page == model.filter { $0.topic == topic }.dropFirst().prefix(3).map(\.physicalOffset))
            let offset = number(0...tail)
            let before = Set(model.map(\.physicalOffset).filter { $0 < offset })
            let pending = timer.pending(before: offset, limit: .max).map(\.physicalOffset)
            #expect(Set(pending) == before && pending.count == before.count)
            #expect(timer.pending(before: offset, limit: 3).count == min(3, before.count))
            let oldest = Dictionary(grouping: model.filter { $0.level > 0 }, by: \.level)
                .mapValues { $0.first?.physicalOffset }
            for (level, place) in oldest {
                // In a run the soonest of a level is taken for its oldest.
                #expect(timer.oldestByLevel()[level] ?? .max <= place ?? 0)
            }
        }
    }

    @Test("it does what a sorted list would, with jobs and restarts at any time", arguments: CommitSeed.with(0..<24))
    func model(seed: UInt64) throws {
        let pair = try Pair(seed: seed, most: [8, 40, 300, 1 << 17][Int(seed % 4)])
        // Far apart, close together, or all in one moment.
        let spread: Int64 = [200_000, 9_000, 0][Int(seed % 3)]
        for step in 0..<(seed % 4 == 2 ? 3_000 : 800) {
            switch Int.random(in: 0..<20, using: &pair.random) {
            case 0..<11: pair.add(spread: spread)
            case 11, 12: pair.pop(Int(pair.number(1...8)))
            case 13: pair.now += pair.number(0...(1 + spread / 100))
            case 14: pair.remove()
            case 15: if step % 5 == 0 { pair.settle() }
            case 16: if step % 7 == 0 { try pair.reopen() }
            default: pair.work()
            }
            if step % 5 == 0 { pair.check() }
            if step % 40 == 0 { pair.checkLooks() }
        }
        pair.now += 1_000_000
        pair.pop(.max)
        #expect(pair.timer.count == 0)
        while pair.job != nil || pair.timer.files.hasObsolete { pair.work() }
        _ = pair.timer.save()
        pair.timer.files.saved(isDone: true)
        while pair.job != nil || pair.timer.files.hasObsolete { pair.work() }
        #expect(try DelayRunFile.numbers(pair.disk).isEmpty)
    }

    private func filled(_ count: Int, most: Int) throws -> (DelayTimer, SimulatedDisk) {
        let disk = SimulatedDisk()
        try disk.createDirectory(DelayRunFile.folder)
        let timer = DelayTimer(most: most)
        for at in 0..<count {
            timer.add(due: 1_000_000 + Int64(at), physicalOffset: Int64(at * 100), level: 0, topic: "t\(at / 1_000)")
            guard timer.isFull else { continue }
            while let job = timer.takeJob(disk, now: 0) {
                job.run()
                timer.finish(job, now: 0)
            }
        }
        return (timer, disk)
    }

    @Test("runs become fewer, and memory holds no more than it should")
    func merges() throws {
        let (timer, disk) = try filled(40_000, most: 512)
        #expect(timer.count == 40_000)
        #expect(timer.fresh.count < 512 && timer.runs.count < 3 * DelayTimer.fan)
        #expect(try DelayRunFile.numbers(disk).count < 4 * DelayTimer.fan)
    }

    @Test("a damaged block is told, the others are delivered, and the next start refuses the run")
    func damage() throws {
        let (timer, disk) = try filled(6_000, most: 4_096)
        let number = try #require(timer.runs.first?.file?.number)
        let count = timer.count
        disk.flip(DelayRunFile.path(number), byte: 300 * DelayEntry.bytes, bit: 3)
        var popped = 0
        while timer.pop(now: .max) != nil { popped += 1 }
        #expect(popped == count - 256 && timer.unreadable == 256 && timer.isDamaged)
        #expect(timer.unreadableFrom < .max)
        #expect(try DelayTimer.restore(timer.save(), disk, most: 4_096) == nil)
    }

    @Test("a run file that is gone, short or damaged in its index makes a checkpoint unusable", arguments: 0..<3)
    func unusable(how: Int) throws {
        let (timer, disk) = try filled(6_000, most: 4_096)
        let state = timer.save()
        let path = DelayRunFile.path(try #require(timer.runs.first?.file?.number))
        let bytes = try #require(disk.contents(path))
        #expect(try DelayTimer.restore(state, disk, most: 4_096) != nil)
        switch how {
        case 0: disk.delete { $0 == path }
        case 1: disk.setContents(path, Array(bytes.dropLast()))
        default: disk.flip(path, byte: bytes.count - 70, bit: 1)
        }
        #expect(try DelayTimer.restore(state, disk, most: 4_096) == nil)
    }

    @Test("a full disk leaves entries in memory until there is room again")
    func full() throws {
        let disk = SimulatedDisk()
        try disk.createDirectory(DelayRunFile.folder)
        let timer = DelayTimer(most: 64)
        for at in 0..<100 { timer.add(due: 1_000_000, physicalOffset: Int64(at), level: 1, topic: "t") }
        disk.capacity = 500
        let job = try #require(timer.takeJob(disk, now: 0))
        job.run()
        timer.finish(job, now: 0)
        #expect(job.failure != nil && timer.count == 100 && timer.takeJob(disk, now: 1) == nil)
        disk.capacity = nil
        let next = try #require(timer.takeJob(disk, now: 20_000))
        next.run()
        timer.finish(next, now: 20_000)
        #expect(next.failure == nil && timer.count == 100 && timer.fresh.isEmpty)
        for at in 0..<100 { #expect(timer.pop(now: 2_000_000)?.physicalOffset == Int64(at)) }
    }
}
