import SluiceStorage

/// Pending delays in order, in memory: pieces of at most 512 entries, so that adding, removing, finding and counting never
/// touch more than one piece and the list of them.
struct SortedDelays {
    private var pieces: [[DelayEntry]] = []
    private(set) var count = 0
    /// No entry lies before it in the log; it may be too low.
    private(set) var lowestOffset = Int64.max

    private static let most = 512

    init() {}

    /// Takes entries that are in order.
    init(sorted entries: some RandomAccessCollection<DelayEntry>) {
        count = entries.count
        var rest = entries[...]
        while !rest.isEmpty {
            // Room for some more in each piece.
            pieces.append(Array(rest.prefix(Self.most * 3 / 4)))
            rest = rest.dropFirst(Self.most * 3 / 4)
        }
        lowestOffset = entries.lazy.map(\.physicalOffset).min() ?? .max
    }

    var isEmpty: Bool { count == 0 }
    var first: DelayEntry? { pieces.first?.first }

    /// The piece that holds an entry, or would: the last one that does not begin behind it.
    private func piece(of key: DelayEntry) -> Int {
        var low = 0
        var high = pieces.count
        while low < high {
            let middle = (low + high) / 2
            if let first = pieces[middle].first, !(key < first) { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    mutating func insert(_ entry: DelayEntry) {
        count += 1
        lowestOffset = min(lowestOffset, entry.physicalOffset)
        guard !pieces.isEmpty else { return pieces.append(Self.piece(with: entry)) }
        var at = piece(of: entry)
        if pieces[at].count == Self.most {
            if at == pieces.count - 1, let last = pieces[at].last, last < entry {
                // What comes in order fills its pieces.
                return pieces.append(Self.piece(with: entry))
            }
            let upper = Array(pieces[at][(Self.most / 2)...])
            pieces[at].removeSubrange((Self.most / 2)...)
            pieces.insert(upper, at: at + 1)
            if let first = upper.first, !(entry < first) { at += 1 }
        }
        let position = pieces[at].rank(entry)
        pieces[at].insert(entry, at: position)
    }

    private static func piece(with entry: DelayEntry) -> [DelayEntry] {
        var piece: [DelayEntry] = []
        piece.reserveCapacity(most)
        piece.append(entry)
        return piece
    }

    mutating func removeFirst() {
        guard !pieces.isEmpty else { return }
        pieces[0].removeFirst()
        dropped(at: 0)
    }

    /// Takes out the entry of that moment and place; nil when it is not there.
    mutating func remove(_ key: DelayEntry) -> DelayEntry? {
        guard !pieces.isEmpty else { return nil }
        let at = piece(of: key)
        let position = pieces[at].rank(key)
        guard position < pieces[at].count, Self.isSame(pieces[at][position], key) else { return nil }
        let entry = pieces[at].remove(at: position)
        dropped(at: at)
        return entry
    }

    private mutating func dropped(at piece: Int) {
        count -= 1
        if pieces[piece].isEmpty { pieces.remove(at: piece) }
        if count == 0 { lowestOffset = .max }
    }

    func contains(_ key: DelayEntry) -> Bool { find(key) != nil }

    func find(_ key: DelayEntry) -> DelayEntry? {
        guard !pieces.isEmpty else { return nil }
        let piece = pieces[piece(of: key)]
        let position = piece.rank(key)
        return position < piece.count && Self.isSame(piece[position], key) ? piece[position] : nil
    }

    private static func isSame(_ a: DelayEntry, _ b: DelayEntry) -> Bool {
        a.due == b.due && a.physicalOffset == b.physicalOffset
    }

    /// How many entries stand before `key`.
    func rank(_ key: DelayEntry) -> Int {
        guard !pieces.isEmpty else { return 0 }
        let at = piece(of: key)
        return pieces[..<at].reduce(0) { $0 + $1.count } + pieces[at].rank(key)
    }

    /// All from the one at a rank on, in order.
    func from(_ rank: Int) -> Walk {
        var walk = Walk(pieces: pieces, piece: 0, at: rank)
        while walk.piece < pieces.count, walk.at >= pieces[walk.piece].count {
            walk.at -= pieces[walk.piece].count
            walk.piece += 1
        }
        return walk
    }

    var all: Walk { from(0) }

    struct Walk: Sequence, IteratorProtocol {
        fileprivate let pieces: [[DelayEntry]]
        fileprivate var piece: Int
        fileprivate var at: Int

        mutating func next() -> DelayEntry? {
            guard piece < pieces.count else { return nil }
            let entry = pieces[piece][at]
            at += 1
            if at == pieces[piece].count { (piece, at) = (piece + 1, 0) }
            return entry
        }
    }

    /// Takes out all from a rank on, in order.
    mutating func split(at rank: Int) -> [DelayEntry] {
        let whole = Array(all)
        self = SortedDelays(sorted: whole.prefix(rank))
        return Array(whole.dropFirst(rank))
    }
}
