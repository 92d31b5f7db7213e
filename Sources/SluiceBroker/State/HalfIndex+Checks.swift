/// When halves are due, and the turns of their groups.
extension HalfIndex {
    /// Lets halves whose time has come wait for their groups' shares, about `limit` of them: the rest comes the next time.
    mutating func collectDue(now: Int64, limit: Int = 4_096) {
        var left = limit
        while left > 0 {
            if let check = times.first {
                guard check.at <= now else { return }
                times.removeFirst()
                left -= 1
                letWait(check)
            } else if let (number, keys) = times.takeBucket(now: now) {
                left -= keys.count / 4
                for key in keys {
                    guard let entry = entry(key: key), !entry.isWaiting, CheckTimes.bucket(entry.nextCheck) == number
                    else { continue }
                    times.open(.init(at: entry.nextCheck, key: key))
                }
            } else {
                return
            }
        }
    }

    private mutating func letWait(_ check: CheckTimes.Check) {
        guard let place = list.position(of: check.key) else { return }
        var entry = list[place].entry
        guard entry.nextCheck == check.at, !entry.isWaiting else { return }
        entry.isWaiting = true
        list.replace(place, with: entry)
        groups[entry.group].wait(entry.key)
        groups.giveTurn(entry.group, at: groups[entry.group].openAt)
    }

    /// Takes the next half whose check is due and whose group has a share left; groups take turns.
    /// ``checked(_:checks:next:)`` has to follow, with ``charge(_:now:perSecond:)`` before it if the group was asked, or
    /// ``putBack(_:until:)``.
    mutating func popDue(now: Int64) -> Entry? {
        while let group = groups.takeTurn(now: now) {
            guard var entry = firstWaiting(group) else { continue }
            guard groups[group].openAt <= now else {
                groups.giveTurn(group, at: groups[group].openAt)
                continue
            }
            groups[group].removeFirst()
            entry.isWaiting = false
            update(entry)
            if groups[group].leave() { sweep(group) }
            if groups[group].waiting > 0 { groups.giveTurn(group, at: now) }
            return entry
        }
        return nil
    }

    /// The group of a half that was taken was asked: it has used some of its share.
    mutating func charge(_ entry: Entry, now: Int64, perSecond: Int) {
        groups[entry.group].charge(now: now, perSecond: perSecond)
    }

    /// A half that was taken cannot be asked about before `time`; it stays the first of its group, which rests until then.
    mutating func putBack(_ taken: Entry, until time: Int64) {
        var entry = taken
        entry.isWaiting = true
        update(entry)
        groups[entry.group].waitAgain(entry.key)
        groups[entry.group].hold(until: time)
        groups.giveTurn(entry.group, at: time)
    }

    private mutating func update(_ entry: Entry) {
        guard let place = list.position(of: entry.key) else { return }
        list.replace(place, with: entry)
    }

    private mutating func firstWaiting(_ group: Int32) -> Entry? {
        while let key = groups[group].first {
            if let entry = entry(key: key), entry.isWaiting { return entry }
            groups[group].removeFirst()
        }
        return nil
    }

    /// When there is something to do for checks: exact, or up to 128 ms too early.
    mutating func nextCheck() -> Int64? {
        guard count > setAside else { return nil }
        while let check = times.first, entry(key: check.key).map({ $0.isWaiting || $0.nextCheck != check.at }) ?? true {
            times.removeFirst()
        }
        guard let turn = groups.nextTurn else { return times.next }
        return min(turn, times.next ?? .max)
    }

    /// An entry has its time no longer, or waits no longer.
    mutating func leaveTime(_ entry: Entry) {
        if entry.isWaiting {
            if groups[entry.group].leave() { sweep(entry.group) }
        } else if times.leave(entry.nextCheck) {
            let number = CheckTimes.bucket(entry.nextCheck)
            let keys = times.empty(entry.nextCheck).filter { key in
                guard key != entry.key, let other = self.entry(key: key), !other.isWaiting else { return false }
                return CheckTimes.bucket(other.nextCheck) == number
            }
            times.refill(entry.nextCheck, ContiguousArray(keys))
        }
    }

    private mutating func sweep(_ group: Int32) {
        let list = list
        groups[group].keep { key in list.entry(key)?.isWaiting ?? false }
    }
}
