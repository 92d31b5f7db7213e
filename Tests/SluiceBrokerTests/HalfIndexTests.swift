import SluiceMessage
import SluiceSimulator
import Testing

@testable import SluiceBroker

@Suite("The index of halves")
struct HalfIndexTests {
    /// The same as a list that is walked for everything.
    struct Model {
        struct Item {
            var entry: HalfIndex.Entry
            var group: String
            var added: Int
        }
        var items: [Item] = []
        var added = 0

        mutating func add(_ entry: HalfIndex.Entry, _ group: String) {
            added += 1
            items.append(Item(entry: entry, group: group, added: added))
            items.sort { $0.entry.key < $1.entry.key }
        }
        func index(_ key: Int64) -> Int? { items.firstIndex { $0.entry.key == key } }
        func twins(_ hash: Int) -> [Int64] {
            items.filter { $0.entry.idHash == hash }.sorted { $0.added > $1.added }.map(\.entry.key)
        }
    }

    private static func same(_ a: HalfIndex.Entry?, _ b: HalfIndex.Entry?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.key == b.key && a.queueOffset == b.queueOffset && a.physicalOffset == b.physicalOffset
            && a.storeTimestamp == b.storeTimestamp && a.idHash == b.idHash && a.checks == b.checks
            && a.nextCheck == b.nextCheck && a.isNoted == b.isNoted
    }

    private func compare(_ index: HalfIndex, _ model: Model, _ random: inout SeededGenerator) {
        #expect(index.count == model.items.count && index.setAside == model.items.count { $0.entry.isSetAside })
        #expect(index.noted == model.items.count { $0.entry.isNoted })
        #expect(Self.same(index.eldest, model.items.first?.entry))
        let lowest = model.items.map(\.entry).min { $0.queueOffset < $1.queueOffset }
        #expect(Self.same(index.lowestPlaced, lowest))
        let skip = Int.random(in: 0...(model.items.count + 2), using: &random)
        let page = index.page(skip: skip, limit: 7)
        #expect(page.map(\.key) == model.items.dropFirst(skip).prefix(7).map(\.entry.key))
        guard let some = model.items.randomElement(using: &random) else { return }
        #expect(Self.same(index.entry(key: some.entry.key), some.entry))
        #expect(Self.same(index.entry(some.entry.queueOffset), some.entry))
        #expect(index.entries(idHash: some.entry.idHash).map(\.key) == model.twins(some.entry.idHash))
        #expect(index.entry(key: some.entry.key).map(index.groupName) == some.group)
        let before = some.entry.physicalOffset
        let owed = model.items.map(\.entry).filter { $0.physicalOffset < before }
        let sorted = owed.sorted { $0.physicalOffset < $1.physicalOffset }.map(\.key)
        #expect(index.entries(before: before, limit: 20).map(\.key) == Array(sorted.prefix(20)))
        for group in ["g0", "g1", "g2"] {
            let members = model.items.filter { $0.group == group }
            let known = index.groups.used.first { $0.name == group }
            #expect((known?.unresolved ?? 0) == members.count)
            #expect((known?.setAside ?? 0) == members.count { $0.entry.isSetAside })
        }
    }

    @Test(
        "it does what a list would, also after it was written down and read again", arguments: CommitSeed.with(0..<20))
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = HalfIndex()
        var model = Model()
        var now: Int64 = 1_000_000
        var tail: Int64 = 0
        for step in 0..<2_500 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0...4:
                now += Int64.random(in: 0...3, using: &random)
                let name = Int.random(in: 0..<10, using: &random) == 0 ? "twin" : "id\(step)"
                let next =
                    Int.random(in: 0..<20, using: &random) == 0 ? .max : now + .random(in: 0...900, using: &random)
                let entry = HalfIndex.Entry(
                    queueOffset: tail, physicalOffset: tail * 100, storeTimestamp: now,
                    idHash: HalfIndex.hash(name), checks: 0, nextCheck: next)
                tail += 1
                let group = "g\(Int.random(in: 0..<3, using: &random))"
                index.add(entry, group: group)
                index.add(entry, group: group)
                model.add(entry, group)
            case 5, 6:
                let isOld = Bool.random(using: &random)
                guard let victim = isOld ? model.items.first : model.items.randomElement(using: &random) else {
                    continue
                }
                #expect(Self.same(index.remove(victim.entry.key), victim.entry))
                #expect(index.remove(victim.entry.key) == nil)
                model.items.removeAll { $0.entry.key == victim.entry.key }
            case 7:
                guard let some = model.items.randomElement(using: &random), let at = model.index(some.entry.key) else {
                    continue
                }
                let next =
                    Int.random(in: 0..<4, using: &random) == 0 ? .max : now + .random(in: 0...900, using: &random)
                index.checked(some.entry.key, checks: some.entry.checks + 1, next: next)
                model.items[at].entry.checks += 1
                model.items[at].entry.nextCheck = next
                model.items[at].entry.isNoted = true
            case 8:
                guard let some = model.items.randomElement(using: &random), let at = model.index(some.entry.key) else {
                    continue
                }
                index.move(some.entry.key, queueOffset: tail, physicalOffset: tail * 100)
                model.items[at].entry.queueOffset = tail
                model.items[at].entry.physicalOffset = tail * 100
                model.items[at].entry.isNoted = false
                #expect(index.entry(some.entry.queueOffset) == nil)
                tail += 1
            case 9 where step % 10 == 0:
                // What is unresolved is kept; who was added when is not, so twins stand by age.
                var read = HalfIndex()
                var reader = ByteReader(index.snapshot.encoded())
                read.restore(&reader)
                index = read
                for at in model.items.indices { model.items[at].added = at }
                model.added = model.items.count
            default: compare(index, model, &random)
            }
        }
        for item in model.items.shuffled(using: &random) { #expect(index.remove(item.entry.key) != nil) }
        #expect(index.count == 0 && index.eldest == nil && index.lowestPlaced == nil && index.nextCheck() == nil)
        #expect(index.noted == 0 && index.setAside == 0 && index.list.blocks.isEmpty)
    }

    @Test(
        "checks come in time, in order, each group at its pace, and nothing due is forgotten",
        arguments: CommitSeed.with(0..<20))
    func checks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = HalfIndex()
        let perSecond = [3, 10, 500][Int(seed % 3)]
        var model: [Int64: HalfIndex.Entry] = [:]
        var groups: [Int64: String] = [:]
        var asked: [String: [Int64]] = [:]
        var now: Int64 = 1_000_000
        let end = now + 3_000
        var key: Int64 = 0
        while now < end + 17_000 {
            if now < end, Int.random(in: 0..<3, using: &random) > 0 {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let entry = HalfIndex.Entry(
                        queueOffset: key, physicalOffset: key, storeTimestamp: now, idHash: Int(key), checks: 0,
                        nextCheck: now + .random(in: 0...2_000, using: &random))
                    // g0 floods, the others do not.
                    groups[key] = Int.random(in: 0..<10, using: &random) < 8 ? "g0" : "g\(key % 5)"
                    model[key] = entry
                    index.add(entry, group: groups[key] ?? "")
                    key += 1
                }
            }
            if Int.random(in: 0..<5, using: &random) == 0, let victim = model.keys.randomElement(using: &random) {
                model[victim] = nil
                index.remove(victim)
            }
            // The owner sleeps until the index says, or something else turns it.
            let next = index.nextCheck() ?? now + 500
            now = max(now + (next <= now ? 0 : 1), min(next, now + .random(in: 1...60, using: &random)))
            index.collectDue(now: now, limit: 64)
            var turns = 0
            while turns < 50, let entry = index.popDue(now: now) {
                turns += 1
                guard let known = model[entry.key], let group = groups[entry.key] else {
                    Issue.record("a half that is gone was taken")
                    continue
                }
                #expect(known.nextCheck <= now && known.nextCheck == entry.nextCheck)
                index.charge(entry, now: now, perSecond: perSecond)
                asked[group, default: []].append(now)
                if entry.checks == 1 {
                    model[entry.key] = nil
                    index.remove(entry.key)
                } else {
                    let next = now + .random(in: 100...1_500, using: &random)
                    index.checked(entry.key, checks: entry.checks + 1, next: next)
                    model[entry.key]?.nextCheck = next
                    model[entry.key]?.checks += 1
                }
            }
            // Only groups that have used their share keep others waiting.
            if turns < 50 {
                for queue in index.groups.used where queue.waiting > 0 { #expect(queue.openAt > now) }
            }
            let due = model.values.count { $0.nextCheck <= now }
            #expect(index.groups.used.reduce(0) { $0 + $1.waiting } <= due)
            if due > 0 { #expect((index.nextCheck() ?? .max) <= now + 1_000) }
        }
        for (_, times) in asked {
            for (at, time) in times.enumerated() where at + perSecond < times.count {
                #expect(times[at + perSecond] - time >= 1_000)
            }
        }
        #expect(asked["g0"] != nil && index.count == model.count)
        if perSecond == 500 { #expect(model.isEmpty) }
    }

    @Test("a hundred thousand ids, removed in any order, stay told apart")
    func ids() {
        var random = SeededGenerator(seed: 5)
        var ids = HalfIDs()
        var keys = Array(Int64(0)..<100_000)
        func hash(_ key: Int64) -> Int { HalfIndex.hash("message-\(key)") }
        for key in keys { ids.insert(hash(key), key) }
        keys.shuffle(using: &random)
        for (number, key) in keys.enumerated() {
            if number % 3 == 0 { ids.remove(hash(key), key) }
        }
        for (number, key) in keys.enumerated() {
            #expect((ids.find(hash(key)) { $0 == key } == nil) == (number % 3 == 0))
        }
    }

    @Test("halves resolved long before their checks leave no memory behind")
    func sweeps() {
        var index = HalfIndex()
        for key in Int64(0)..<200_000 {
            index.add(
                .init(
                    queueOffset: key, physicalOffset: key, storeTimestamp: 0, idHash: Int(key), checks: 0,
                    nextCheck: 3_600_000 + key / 50_000), group: "g\(key)")
            if key >= 100 { index.remove(key - 100) }
        }
        #expect(index.times.keys < 2_000 && index.groups.names.count < 1_000 && index.list.blocks.count < 5)
    }
}
