import Synchronization

/// Which messages were acknowledged and which arrived, by their number: the book that shows a loss.
public final class EventLedger: Sendable {
    private struct Books {
        var acknowledged = Bits()
        var arrived = Bits()
    }
    private let books = Mutex(Books())

    public init() {}

    public func acknowledge(_ number: Int) {
        books.withLock { _ = $0.acknowledged.insert(number) }
    }

    /// Notes messages that the consumer is done with: landed, or dropped for a reason. Says which are new here.
    @discardableResult
    public func arrive(_ numbers: [Int]) -> [Bool] {
        books.withLock { books in numbers.map { books.arrived.insert($0) } }
    }

    /// Messages acknowledged to their producer.
    public var acknowledged: Int { books.withLock { $0.acknowledged.count } }
    /// Messages the consumer is done with, each counted once.
    public var arrived: Int { books.withLock { $0.arrived.count } }
    /// Messages acknowledged that never arrived.
    public var lost: Int {
        books.withLock { $0.acknowledged.count(without: $0.arrived) }
    }
}

/// A set of small numbers.
private struct Bits: Sendable {
    private var words: [UInt64] = []
    private(set) var count = 0

    /// True when it was not there yet.
    mutating func insert(_ number: Int) -> Bool {
        guard number >= 0 else { return false }
        let word = number >> 6
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: max(1024, word + 1 - words.count)))
        }
        let bit: UInt64 = 1 << UInt64(number & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    func count(without other: Bits) -> Int {
        var result = 0
        for (index, word) in words.enumerated() {
            let theirs = index < other.words.count ? other.words[index] : 0
            result += (word & ~theirs).nonzeroBitCount
        }
        return result
    }
}
