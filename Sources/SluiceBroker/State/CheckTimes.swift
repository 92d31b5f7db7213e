import HeapModule

/// When halves are to be checked: exact for those soon due, in buckets of 128 ms for the rest. It holds keys of halves that
/// may be resolved or have another time meanwhile; who takes them out has to look.
struct CheckTimes {
    struct Check: Comparable {
        /// Epoch ms.
        var at: Int64
        var key: Int64
        static func < (a: Check, b: Check) -> Bool { (a.at, a.key) < (b.at, b.key) }
    }
    private struct Bucket {
        var keys: ContiguousArray<Int64> = []
        /// Keys in it that mean nothing any more.
        var gone = 0
    }

    private var soon = Heap<Check>()
    private var buckets: [Int64: Bucket] = [:]
    private var numbers = Heap<Int64>()
    /// Everything in buckets up to this one is in `soon`.
    private var openedThrough = Int64.min

    private static let shift: Int64 = 7
    static func bucket(_ at: Int64) -> Int64 { at >> shift }

    mutating func add(_ key: Int64, at: Int64) {
        let number = Self.bucket(at)
        if number <= openedThrough { return soon.insert(Check(at: at, key: key)) }
        let isFirst = { (keys: inout ContiguousArray<Int64>) in
            keys.append(key)
            return keys.count == 1
        }(&buckets[number, default: Bucket()].keys)
        if isFirst { numbers.insert(number) }
    }

    /// A half with that time was resolved or has another one. True when its bucket holds mostly such.
    mutating func leave(_ at: Int64) -> Bool {
        guard let bucket = buckets.index(forKey: Self.bucket(at)) else { return false }
        buckets.values[bucket].gone += 1
        let found = buckets.values[bucket]
        return found.gone > 256 && found.gone * 2 > found.keys.count
    }

    /// Takes the keys of a bucket out, to be put back by ``refill(_:_:)``.
    mutating func empty(_ at: Int64) -> ContiguousArray<Int64> {
        guard let bucket = buckets.index(forKey: Self.bucket(at)) else { return [] }
        let keys = buckets.values[bucket].keys
        buckets.values[bucket] = Bucket()
        return keys
    }

    mutating func refill(_ at: Int64, _ keys: ContiguousArray<Int64>) {
        guard let bucket = buckets.index(forKey: Self.bucket(at)) else { return }
        buckets.values[bucket].keys = keys
    }

    /// The next bucket whose time has come, when nothing before it is left: its keys go to ``open(_:)``.
    mutating func takeBucket(now: Int64) -> (number: Int64, keys: ContiguousArray<Int64>)? {
        guard soon.isEmpty, let number = numbers.min, number <= Self.bucket(now) else { return nil }
        numbers.removeMin()
        openedThrough = number
        return (number, buckets.removeValue(forKey: number)?.keys ?? [])
    }

    mutating func open(_ check: Check) { soon.insert(check) }

    var first: Check? { soon.min }
    mutating func removeFirst() { soon.removeMin() }

    /// No half is due before; at most 128 ms too early. Nil without halves.
    var next: Int64? { soon.min?.at ?? numbers.min.map { $0 << Self.shift } }

    /// Keys held, those that mean nothing any more included.
    var keys: Int { soon.count + buckets.values.reduce(0) { $0 + $1.keys.count } }
}
