import SluiceStorage

/// Lines of a file, read front to back in parts: the audit may be far larger than what one wants in memory.
struct LineScan {
    /// Bytes of a line at most; what has no newline in so many is taken for a line of its own.
    static let longest = 1 << 20
    private static let step = 256 << 10

    /// Calls `body` with each complete line in `from ..< end`, without its newline, and where it begins, until it says stop.
    /// Returns where the rest begins that has no newline.
    @discardableResult
    static func lines(
        _ file: any DiskFile, from: Int64, to end: Int64,
        _ body: (_ line: UnsafeRawBufferPointer, _ at: Int64) -> Bool
    ) throws(DiskError) -> Int64 {
        var held: [UInt8] = []
        var heldAt = from
        var next = from
        while next < end {
            let part = try file.readBytes(at: next, count: Int(min(Int64(step), end - next)))
            if part.isEmpty { break }
            next += Int64(part.count)
            held += part
            let (used, goesOn) = held.withUnsafeBytes { take($0, heldAt, body) }
            held.removeFirst(used)
            heldAt += Int64(used)
            if !goesOn { break }
        }
        return heldAt
    }

    private static func take(
        _ raw: UnsafeRawBufferPointer, _ start: Int64, _ body: (UnsafeRawBufferPointer, Int64) -> Bool
    ) -> (used: Int, goesOn: Bool) {
        var at = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: raw[at...])
            let length: Int
            let skipped: Int
            if let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                (length, skipped) = (newline, 1)
            } else if rest.count >= longest {
                (length, skipped) = (longest, 0)
            } else {
                return (at, true)
            }
            let place = start + Int64(at)
            at += length + skipped
            if !body(UnsafeRawBufferPointer(rebasing: rest[..<length]), place) { return (at, false) }
        }
    }
}
