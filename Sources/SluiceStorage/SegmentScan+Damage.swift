import Glibc
import SluiceMessage

/// The way past damaged records.
extension SegmentScan {
    /// The way to the next record that stands where the sums say and matches, or that a search finds; nil when there is
    /// none: the log ends here.
    mutating func skipDamage() -> Int64? {
        for candidate in next..<max(next, known.count) where known[candidate] != 0 && Self.place(known[candidate]) > at
        {
            guard
                let bytes = try? segments.log(start).readBytes(
                    at: Self.place(known[candidate]), count: recordBytes(candidate))
            else { return nil }
            let whole = bytes.withUnsafeBytes { part -> Bool in
                guard let view = RecordView(part) else { return false }
                return Record.sum(view.bytes) == UInt32(truncatingIfNeeded: known[candidate])
            }
            guard whole else { continue }
            // Records whose sums did not reach the disk may stand before it.
            if known[next..<candidate].contains(0), let found = search(before: Self.place(known[candidate])) {
                damaged.append(at)
                return found - at
            }
            let lost = known[next..<candidate].filter { $0 != 0 }.map(Self.place)
            damaged += lost.first == at ? lost : [at] + lost
            next = candidate
            return Self.place(known[candidate]) - at
        }
        if let found = search(before: segments.segmentBytes) {
            damaged.append(at)
            return found - at
        }
        return endAfterDamage()
    }

    /// The next place whose bytes are a record that names this place as its own and whose body is whole.
    private func search(before limit: Int64) -> Int64? {
        guard let file = try? segments.log(start), let size = try? file.size() else { return nil }
        let end = min(size, segments.segmentBytes)
        var from = at + 1
        while from + 8 <= min(end, limit) {
            guard let block = try? file.readBytes(at: from, count: Int(min(1 << 20, end - from))), block.count >= 8
            else {
                return nil
            }
            for candidate in Self.magics(block) {
                let place = from + Int64(candidate)
                if place >= limit { return nil }
                if isRecord(at: place, file) { return place }
            }
            from += Int64(block.count - 7)
        }
        return nil
    }

    /// Places in a block that have the magic of a record four bytes further on.
    private static func magics(_ block: [UInt8]) -> [Int] {
        block.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return [] }
            var found: [Int] = []
            var from = Record.Position.magic
            while from + 4 <= raw.count,
                let hit = memchr(base + from, Int32(Record.magic >> 24), raw.count - from).map({ UnsafeRawPointer($0) })
            {
                let place = hit - base
                if place + 4 <= raw.count, base.big(UInt32.self, at: place) == Record.magic {
                    found.append(place - Record.Position.magic)
                }
                from = place + 1
            }
            return found
        }
    }

    private func isRecord(at place: Int64, _ file: any DiskFile) -> Bool {
        guard let head = try? file.readBytes(at: place, count: 4), head.count == 4 else { return false }
        let size = head.withUnsafeBytes { Int(UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self))) }
        guard size >= Record.fixedBytes, size <= Limits.maxRecordBytes,
            let bytes = try? file.readBytes(at: place, count: size)
        else { return false }
        return bytes.withUnsafeBytes { raw in
            guard let view = RecordView(raw), view.physicalOffset == start + place else { return false }
            return Record.bodyCRC(view.body) == view.storedBodyCRC
        }
    }

    /// A damaged record right before the filler is damage too, not the end of the log.
    private mutating func endAfterDamage() -> Int64? {
        guard next < known.count, at == Self.place(known[next]),
            (try? SegmentScan.beginsWithRecord(segments, start + segments.segmentBytes)) == true
        else { return nil }
        damaged += known[next...].filter { $0 != 0 }.map(Self.place)
        next = known.count
        endsSegment = true
        return segments.segmentBytes - at
    }

    /// Bytes of the record that is to stand here, by the place of the next one: what it says itself may be what is damaged,
    /// and zeros at an end that is none speak of no hole. Nil where no next one is known.
    func sizeBySums() -> Int? {
        guard next + 1 < known.count, known[next + 1] != 0 else { return nil }
        return recordBytes(next)
    }

    private func recordBytes(_ index: Int) -> Int {
        let from = Self.place(known[index])
        let to = known[(index + 1)...].first { $0 != 0 }.map(Self.place) ?? segments.segmentBytes
        return Int(min(to - from, Int64(Limits.maxRecordBytes)))
    }
}
