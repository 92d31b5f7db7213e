/// Finds a record's entry in a segment's file of sums: 8 bytes each, place in the upper and CRC-32C in the lower half, in the
/// order of the log.
///
/// Records of a segment are much of a size, so a guess by their places is nearly right: a block around it holds the entry,
/// and two reads do where halving would take eighteen.
struct SumSearch {
    private let file: any DiskFile
    private static let block = 256
    /// Guesses before it goes on by halving: sizes may be very unlike.
    private static let guesses = 3

    init(_ file: any DiskFile) { self.file = file }

    func sum(at place: UInt64) throws(DiskError) -> UInt32? {
        var low = 0
        var high = Int(try file.size() / 8)
        var lowPlace: UInt64 = 0
        guard high > 0, let last = try entries(high - 1, 1).first else { return nil }
        var highPlace = last >> 32
        var round = 0
        while low < high, place >= lowPlace, place <= highPlace {
            let middle: Int
            if round < Self.guesses, highPlace > lowPlace {
                middle = low + Int(Double(place - lowPlace) / Double(highPlace - lowPlace) * Double(high - low))
            } else {
                middle = (low + high) / 2
            }
            round += 1
            let from = max(low, min(middle - Self.block / 2, high - Self.block))
            let block = try entries(from, min(Self.block, high - from))
            // Zeros stand where sums did not reach the disk; taken for entries, they would speak of the segment's first record.
            let entries = block.filter { $0 != 0 }
            guard let first = entries.first, let end = entries.last else { return nil }
            if place < first >> 32 {
                (high, highPlace) = (from, first >> 32)
            } else if place > end >> 32 {
                (low, lowPlace) = (from + block.count, end >> 32)
            } else {
                return Self.sum(of: place, in: entries)
            }
        }
        return nil
    }

    private static func sum(of place: UInt64, in entries: [UInt64]) -> UInt32? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle] >> 32 == place { return UInt32(truncatingIfNeeded: entries[middle]) }
            if entries[middle] >> 32 < place { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private func entries(_ from: Int, _ count: Int) throws(DiskError) -> [UInt64] {
        var entries = [UInt64](repeating: 0, count: count)
        var got = 0
        var problem: DiskError?
        entries.withUnsafeMutableBytes { raw in
            do throws(DiskError) { got = try file.read(at: Int64(from) * 8, into: raw) } catch { problem = error }
        }
        if let problem { throw problem }
        entries.removeLast(count - got / 8)
        return entries
    }
}
