import SluiceMessage

extension HalfIndex {
    /// What is known of an unresolved half without a look at its record.
    struct Entry: Equatable {
        /// The offset in the half queue that it was first stored at: its name in this index and its rank by age.
        var key: Int64
        /// Where it is now, in the half queue and in the log; other than at first once it was copied to the tail.
        var queueOffset: Int64
        var physicalOffset: Int64
        /// When it was first stored, epoch ms.
        var storeTimestamp: Int64
        /// Hash of the id people use.
        var idHash: Int
        /// The number of its producer group here.
        var group: Int32 = 0
        /// 0...65,535.
        var checks: Int32
        /// Epoch ms; `.max` when it was set aside.
        var nextCheck: Int64
        /// Its checks stand in the journal.
        var isNoted = false
        /// Its check is due and waits for the group's share.
        var isWaiting = false

        var isSetAside: Bool { nextCheck == .max }
        var isMoved: Bool { key != queueOffset }

        /// Tells a half from another one at the same place: after a machine was lost a place may be given away again.
        var mark: UInt32 {
            let mixed = UInt64(bitPattern: Int64(idHash)) ^ UInt64(bitPattern: storeTimestamp &* 0x9E37_79B9)
            return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32) ^ UInt32(truncatingIfNeeded: physicalOffset)
        }

        init(
            queueOffset: Int64, physicalOffset: Int64, storeTimestamp: Int64, idHash: Int, checks: Int32,
            nextCheck: Int64, key: Int64? = nil
        ) {
            self.key = key ?? queueOffset
            self.queueOffset = queueOffset
            self.physicalOffset = physicalOffset
            self.storeTimestamp = storeTimestamp
            self.idHash = idHash
            self.checks = min(max(checks, 0), 65_535)
            self.nextCheck = nextCheck
        }
    }

    /// An entry in 48 bytes: places and times need no more than 48 bits, and a million entries lie in memory.
    struct Packed: Sendable {
        private(set) var key: Int64
        /// Queue offset, and the group's lower half.
        private var place: UInt64
        /// Physical offset, and the group's upper half.
        private var record: UInt64
        /// Store time, and the checks.
        private var stored: UInt64
        /// The next check, and two flags.
        private var next: UInt64
        private(set) var idHash: Int

        private static let mask: UInt64 = 1 << 48 - 1

        init(_ entry: Entry) {
            func low(_ value: Int64) -> UInt64 { min(UInt64(clamping: value), Self.mask) }
            let group = UInt32(bitPattern: entry.group)
            key = entry.key
            place = low(entry.queueOffset) | UInt64(group & 0xFFFF) << 48
            record = low(entry.physicalOffset) | UInt64(group >> 16) << 48
            stored = low(entry.storeTimestamp) | UInt64(UInt16(clamping: entry.checks)) << 48
            next = low(entry.nextCheck) | (entry.isNoted ? 1 << 48 : 0) | (entry.isWaiting ? 1 << 49 : 0)
            idHash = entry.idHash
        }

        var queueOffset: Int64 { Int64(place & Self.mask) }
        var physicalOffset: Int64 { Int64(record & Self.mask) }
        var nextCheck: Int64 { next & Self.mask == Self.mask ? .max : Int64(next & Self.mask) }
        var isMoved: Bool { queueOffset != key }

        var entry: Entry {
            var entry = Entry(
                queueOffset: queueOffset, physicalOffset: physicalOffset, storeTimestamp: Int64(stored & Self.mask),
                idHash: idHash, checks: Int32(stored >> 48), nextCheck: nextCheck, key: key)
            entry.group = Int32(bitPattern: UInt32(place >> 48) | UInt32(record >> 48) << 16)
            entry.isNoted = next >> 48 & 1 != 0
            entry.isWaiting = next >> 49 & 1 != 0
            return entry
        }
    }

    /// Neighbouring entries in order, 1...``most`` of them.
    struct Block: Sendable {
        static let most = 256
        var items: ContiguousArray<Packed> = []
        /// Those that still are where they were first stored.
        var unmoved = 0

        /// The first index whose key is not below.
        func position(of key: Int64) -> Int {
            var low = 0
            var high = items.count
            while low < high {
                let middle = (low + high) / 2
                if items[middle].key < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
