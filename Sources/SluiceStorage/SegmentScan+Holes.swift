import SluiceMessage

/// Parts of the log that never reached the disk: whole sectors of zeros.
extension SegmentScan {
    private static let sector = 512

    /// True when a whole sector's share of a record is zeros: it was never written. Damage looks otherwise.
    func isHole(_ raw: UnsafeRawBufferPointer, from: Int, to end: Int) -> Bool {
        var from = from
        while from < min(end, raw.count) {
            let to = min(end, raw.count, from + Self.sector - (Int(at) + from) % Self.sector)
            // A record may begin with two or three zeros, and never ends with one.
            if to - from >= 4 || to == end, raw[from..<to].allSatisfy({ $0 == 0 }) { return true }
            from = to
        }
        return false
    }

    /// Bytes of the record that should stand here: as it says itself, or as far as the next one.
    func claimedSize(_ raw: UnsafeRawBufferPointer) -> Int {
        guard raw.count >= Record.fixedBytes, let base = raw.baseAddress,
            base.big(UInt32.self, at: Record.Position.magic) == Record.magic
        else { return min(raw.count, Record.fixedBytes) }
        // A size that no record has is damage, or was never written itself.
        return min(raw.count, max(Int(base.big(UInt32.self, at: 0)), Record.fixedBytes))
    }

    /// True when only the head of a record was never written: one to three bytes at the end of a sector, all of them of its
    /// size, which the lengths inside of it tell, too. A record whose size begins with zeros by right is none of these.
    func lacksHead(_ raw: UnsafeRawBufferPointer) -> Bool {
        let share = Self.sector - Int(at) % Self.sector
        guard share < Record.Position.magic, raw.count >= Record.fixedBytes, let base = raw.baseAddress,
            base.big(UInt32.self, at: Record.Position.magic) == Record.magic,
            base.big(Int64.self, at: Record.Position.physicalOffset) == start + at,
            raw[0..<share].allSatisfy({ $0 == 0 })
        else { return false }
        let bodyAt = Record.Position.bodyLength + 4
        let topicAt = bodyAt + Int(base.big(UInt32.self, at: Record.Position.bodyLength))
        guard topicAt + 3 <= min(raw.count, Limits.maxRecordBytes) else { return false }
        if isHole(raw, from: share, to: topicAt + 1) { return true }
        let propertiesAt = topicAt + 1 + Int(raw[topicAt])
        guard propertiesAt + 2 <= raw.count else { return false }
        let size = propertiesAt + 2 + Int(base.big(UInt16.self, at: propertiesAt))
        let said = Int(base.big(UInt32.self, at: 0))
        guard size != said, size <= raw.count, size & (1 << (8 * (4 - share)) - 1) == said else { return false }
        if isHole(raw, from: share, to: size) { return true }
        return Record.bodyCRC(UnsafeRawBufferPointer(rebasing: raw[bodyAt..<topicAt]))
            == base.big(UInt32.self, at: Record.Position.bodyCRC)
    }
}
