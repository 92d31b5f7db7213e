/// Which run files there are to be, and which may go: a file is deleted only when no checkpoint on the disk speaks of it.
struct DelayFiles {
    private var nextNumber: Int64 = 1
    /// No longer of use to the timer.
    private var retired: Set<Int64> = []
    /// What checkpoints on the disk may speak of.
    private var spoken: Set<Int64> = []
    /// What the checkpoint on its way speaks of.
    private var saving: Set<Int64> = []

    mutating func use(_ number: Int64) { nextNumber = max(nextNumber, number + 1) }

    mutating func takeNumber() -> Int64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    mutating func retire(_ number: Int64) { retired.insert(number) }

    mutating func restored(_ numbers: Set<Int64>) { spoken = numbers }
    mutating func save(_ numbers: Set<Int64>) { saving = numbers }

    /// The checkpoint came back; when it failed, nobody knows which one is on the disk.
    mutating func saved(isDone: Bool) {
        spoken = isDone ? saving : spoken.union(saving)
        saving = []
    }

    /// Those that may be deleted now, which are forgotten.
    mutating func takeObsolete() -> [Int64] {
        let obsolete = retired.subtracting(spoken).subtracting(saving)
        retired.subtract(obsolete)
        return obsolete.sorted()
    }

    var hasObsolete: Bool { !retired.isEmpty && !retired.subtracting(spoken).subtracting(saving).isEmpty }
}
