/// How many lines, and which: the sum of their hashes does not depend on the order in which they come.
struct LineSum: Sendable, Equatable {
    var lines = 0
    private(set) var hash: UInt64 = 0

    init() {}

    init(lines: Int, hash: UInt64) {
        self.lines = lines
        self.hash = hash
    }

    mutating func add(_ line: some Sequence<UInt8>) {
        lines += 1
        hash &+= Self.hash(line)
    }

    static func + (a: LineSum, b: LineSum) -> LineSum { LineSum(lines: a.lines + b.lines, hash: a.hash &+ b.hash) }

    /// FNV-1a with 64 bits, mixed once more so that sums do not cancel out.
    static func hash(_ line: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in line { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var mix = SplitMix(state: hash)
        return mix.next()
    }
}
