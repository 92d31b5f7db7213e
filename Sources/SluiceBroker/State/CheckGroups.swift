import HeapModule

/// Producer groups with unresolved halves, by numbers that are given away again, and which of them is next to be asked.
struct CheckGroups {
    private struct Turn: Comparable {
        var at: Int64
        var number: UInt64
        var group: Int32
        static func < (a: Turn, b: Turn) -> Bool { (a.at, a.number) < (b.at, b.number) }
    }
    private var groups: [CheckGroup] = []
    private var numbers: [String: Int32] = [:]
    private var free: [Int32] = []
    /// Groups that had no halves at some time; they keep their share for a while.
    private var idle: [Int32] = []
    private static let idleKept = 256
    private var turns = Heap<Turn>()
    private var turnNumber: UInt64 = 0

    subscript(_ number: Int32) -> CheckGroup {
        _read { yield groups[Int(number)] }
        _modify { yield &groups[Int(number)] }
    }

    var names: [String] { groups.map(\.name) }
    var used: some Sequence<CheckGroup> { groups.lazy.filter { $0.unresolved > 0 } }

    mutating func number(_ name: String) -> Int32 {
        if let number = numbers[name] { return number }
        while idle.count > Self.idleKept { forget(idle.removeFirst()) }
        let number = free.popLast() ?? Int32(groups.count)
        if Int(number) == groups.count {
            groups.append(CheckGroup(name))
        } else {
            groups[Int(number)] = CheckGroup(name)
        }
        numbers[name] = number
        return number
    }

    /// A half of a group is gone.
    mutating func leave(_ number: Int32) {
        let group = Int(number)
        groups[group].unresolved -= 1
        guard groups[group].unresolved == 0, !groups[group].isIdle else { return }
        groups[group].isIdle = true
        idle.append(number)
    }

    private mutating func forget(_ number: Int32) {
        let group = Int(number)
        groups[group].isIdle = false
        guard groups[group].unresolved == 0, !groups[group].hasTurn else { return }
        numbers[groups[group].name] = nil
        groups[group] = CheckGroup("")
        free.append(number)
    }

    // MARK: Turns

    /// When the next group may be asked.
    var nextTurn: Int64? { turns.min?.at }

    /// Takes the group that waits longest for its turn, if the turn has come.
    mutating func takeTurn(now: Int64) -> Int32? {
        guard let turn = turns.min, turn.at <= now else { return nil }
        turns.removeMin()
        groups[Int(turn.group)].hasTurn = false
        return turn.group
    }

    /// Lets a group wait for a turn, behind all others of that time; nothing when it waits already.
    mutating func giveTurn(_ group: Int32, at time: Int64) {
        guard !groups[Int(group)].hasTurn else { return }
        groups[Int(group)].hasTurn = true
        turnNumber += 1
        turns.insert(Turn(at: time, number: turnNumber, group: group))
    }
}
