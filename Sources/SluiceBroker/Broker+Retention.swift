import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Old segments go. What they still owe in delays and unresolved halves is stored again at the tail first, bit by bit.
extension Broker {
    /// Delays and halves copied in one turn.
    private static let copiesPerTurn = 128

    /// Lets an old segment go, but none that still owes a delivery or a resolution. One a turn: deleting takes a moment.
    func expireOld() {
        guard now >= nextExpiry else { return }
        nextExpiry = now + 10_000
        owedCopies.isGoingOn = false
        #if Plants
            if Plant.isOn(.expiresOwed) {
                _ = try? store.expire(now: now, owed: .max)
                return
            }
        #endif
        guard let next = try? store.expiring(after: store.minOffset, now: now), next.end <= timer.unreadableFrom else {
            return
        }
        let owesHalf = (halves.oldest?.physicalOffset ?? .max) < next.end
        if owesHalf || owedCopies.knows(next.end) || !timer.pending(before: next.end, limit: 1).isEmpty {
            copy(before: next.end, isByAge: next.isByAge)
            return
        }
        // What was delivered or resolved since the last checkpoint may still be lost with the machine: it is owed till then.
        if owedCopies.clearedTo < next.end {
            owedCopies.clearedTo = next.end
            owedCopies.end = store.tail
        }
        if areCopiesSafe(), let gone = try? store.expire(now: now, owed: next.end), gone > 0 {
            goOn(in: 0)
        }
    }

    /// True when what was copied is behind a checkpoint: only then may the originals go, since a lost machine can take back
    /// what was stored last.
    private func areCopiesSafe() -> Bool {
        if store.checkpointed >= owedCopies.end { return true }
        store.askForCheckpoint(reaching: owedCopies.end)
        goOn(in: 1_000)
        return false
    }

    private func goOn(in milliseconds: Int64) {
        owedCopies.isGoingOn = true
        nextExpiry = now + milliseconds
    }

    private func copy(before offset: Int64, isByAge: Bool) {
        guard refusing == nil, isByAge || isWorthCopying(before: offset) else { return }
        var copied = copyOwedDelays(before: offset, limit: Self.copiesPerTurn)
        copied += copyOwedHalves(before: offset, limit: Self.copiesPerTurn - copied)
        if copied > 0 { owedCopies.end = store.tail }
        // All may be copied already, but the originals count until the copies are safe.
        if copied == 0, !areCopiesSafe() { return }
        goOn(in: copied > 0 ? 10 : 1_000)
    }

    /// To make the log smaller, copying helps only while what is owed is a small part of what may be kept. Otherwise copies
    /// would be copied again and again.
    private func isWorthCopying(before offset: Int64) -> Bool {
        guard let kept = store.options.retainBytes else { return true }
        let some = timer.pending(before: offset, limit: 16).map(\.physicalOffset)
        let places = some + halves.page(skip: 0, limit: 16).map(\.physicalOffset)
        let bytes = places.reduce(0) { sum, place in sum + ((try? store.reader.record(at: place))?.byteCount ?? 0) }
        return Int64(timer.count + halves.count) * Int64(bytes) / Int64(max(1, places.count)) < kept / 2
    }

    /// Stores pending delays again whose records lie before a place in the log, so that it owes less there. Their ids and
    /// moments stay the same. Returns how many were copied; fewer than there are when `limit` or the disk's room ends.
    func copyOwedDelays(before offset: Int64, limit: Int) -> Int {
        if !owedCopies.knows(offset) {
            // Some more than are copied at once: finding them reads over those that were copied already.
            owedCopies.list = timer.pending(before: offset, limit: max(limit, 4_096))
            owedCopies.before = offset
        }
        var copied = 0
        while copied < limit, !store.isOccupied, store.hasRoom(for: Limits.maxRecordBytes),
            let entry = owedCopies.list.popLast()
        {
            guard timer.contains(due: entry.due, physicalOffset: entry.physicalOffset) else { continue }
            do throws(DiskError) {
                if let record = try recordIfThere(entry) {
                    record.eachRecord { replaceWaiting($0, entry, due: entry.due) }
                } else {
                    // Nobody could deliver it either.
                    damagedRecords += 1
                    timer.remove(due: entry.due, physicalOffset: entry.physicalOffset)
                }
                copied += 1
            } catch {
                break
            }
        }
        if copied > 0 { owedCopies.end = store.tail }
        return copied
    }
}

/// How far the copying of owed delays is.
struct OwedCopies {
    /// True while more is to be done soon.
    var isGoingOn = false
    /// What is copied next, and for which place in the log it was found.
    var list: [DelayTimer.Entry] = []
    var before: Int64 = 0
    /// The log's end after the last copy, or when the last delivery or resolution was seen that a segment owed.
    var end: Int64 = 0
    /// Nothing before it was owed when it was looked at.
    var clearedTo: Int64 = 0

    /// True when there is a list for this place already.
    func knows(_ offset: Int64) -> Bool { before == offset && !list.isEmpty }
}
