/// Which half has an id: a table of hashes in 8 bytes a place, in many small parts so that none takes long to grow.
///
/// It keeps one half an id, the one asked for first; those that share its id are the index' matter.
struct HalfIDs {
    private struct Part {
        /// 16 bits of the hash above 48 bits of the key plus one; 0 is free.
        var slots: ContiguousArray<UInt64> = []
        var used = 0
    }
    private var parts = ContiguousArray(repeating: Part(), count: 1_024)

    /// Makes room for so many at once.
    mutating func reserve(_ count: Int) {
        var size = 8
        while size * 3 < count / parts.count * 4 { size *= 2 }
        for number in parts.indices where parts[number].slots.isEmpty {
            parts[number].slots = ContiguousArray(repeating: 0, count: size)
        }
    }

    /// The half whose hash this is; `isIt` decides, since a place holds only part of a hash.
    func find(_ hash: Int, _ isIt: (Int64) -> Bool) -> Int64? {
        slot(hash, isIt).map { Self.key(parts[Self.part(hash)].slots[$0]) }
    }

    mutating func insert(_ hash: Int, _ key: Int64) {
        let number = Self.part(hash)
        if (parts[number].used + 1) * 4 > parts[number].slots.count * 3 { grow(number) }
        parts[number].used += 1
        Self.put(Self.slot(hash, key), into: &parts[number].slots)
    }

    mutating func replace(_ hash: Int, _ old: Int64, with new: Int64) {
        guard let at = slot(hash, { $0 == old }) else { return }
        parts[Self.part(hash)].slots[at] = Self.slot(hash, new)
    }

    mutating func remove(_ hash: Int, _ key: Int64) {
        guard let at = slot(hash, { $0 == key }) else { return }
        let number = Self.part(hash)
        parts[number].used -= 1
        Self.close(at, in: &parts[number].slots)
    }

    // MARK: Places

    private static func mixed(_ hash: Int) -> UInt64 {
        let spread = (UInt64(bitPattern: Int64(hash)) ^ UInt64(bitPattern: Int64(hash)) >> 32) &* 0x9E37_79B9_7F4A_7C15
        return spread ^ spread >> 29
    }
    private static func part(_ hash: Int) -> Int { Int(mixed(hash) >> 20 & 1_023) }
    private static func slot(_ hash: Int, _ key: Int64) -> UInt64 {
        (mixed(hash) >> 48) << 48 | UInt64(clamping: key + 1) & (1 << 48 - 1)
    }
    private static func key(_ slot: UInt64) -> Int64 { Int64(slot & (1 << 48 - 1)) - 1 }
    /// Where a slot would like to be; told by its own bits, so that moving it needs nobody else.
    private static func home(_ slot: UInt64, _ count: Int) -> Int { Int(slot >> 48) & (count - 1) }

    private func slot(_ hash: Int, _ isIt: (Int64) -> Bool) -> Int? {
        let number = Self.part(hash)
        let count = parts[number].slots.count
        guard count > 0 else { return nil }
        let mark = Self.mixed(hash) >> 48
        var at = Int(mark) & (count - 1)
        while true {
            let slot = parts[number].slots[at]
            if slot == 0 { return nil }
            if slot >> 48 == mark, isIt(Self.key(slot)) { return at }
            at = (at + 1) & (count - 1)
        }
    }

    private static func put(_ slot: UInt64, into slots: inout ContiguousArray<UInt64>) {
        var at = home(slot, slots.count)
        while slots[at] != 0 { at = (at + 1) & (slots.count - 1) }
        slots[at] = slot
    }

    private mutating func grow(_ number: Int) {
        let old = parts[number].slots
        parts[number].slots = ContiguousArray(repeating: 0, count: max(8, old.count * 2))
        for slot in old where slot != 0 { Self.put(slot, into: &parts[number].slots) }
    }

    /// Frees a place; those behind it that were pushed on move up.
    private static func close(_ freed: Int, in slots: inout ContiguousArray<UInt64>) {
        let mask = slots.count - 1
        var hole = freed
        var at = (hole + 1) & mask
        while slots[at] != 0 {
            let home = home(slots[at], slots.count)
            if (at - home) & mask >= (at - hole) & mask {
                slots[hole] = slots[at]
                hole = at
            }
            at = (at + 1) & mask
        }
        slots[hole] = 0
    }
}
