import SluiceAPI
import SluiceMessage

/// A record of the log as the model learned it.
struct Entry {
    enum Role: Equatable {
        /// A message as it was handed in.
        case plain
        /// A delayed or retried message, until it is due; its target is where it goes then.
        case waiting(due: Int64, target: QueueID)
        /// Names a waiting record: it is not to be delivered any more.
        case withdrawal
        case half
        /// Says how the half at an offset of the half queue was resolved.
        case op(half: Int64, Resolution, ResolutionOrigin)
        case delivered
        case committed
        case dead
        /// Stored again by an operator.
        case copy
    }

    var queue: QueueID
    var offset: Int64
    var physicalOffset: Int64
    var size: Int
    /// CRC-32C of the whole record.
    var sum: UInt32
    /// The message; negative where it is none.
    var number: Int
    var role: Role
    /// Physical offset of the record it names as its source; nil where it names none.
    var source: Int64?
    /// Epoch ms.
    var stored: Int64
    var times: Int
    var tag: String?
    /// A bit of it changed on the disk.
    var isRotten = false
    /// Its queue went with its topic.
    var isDeleted = false

    var end: Int64 { physicalOffset + Int64(size) }
}

/// A delayed message's way.
struct Wait {
    var physicalOffset: Int64
    var due: Int64
    var target: QueueID
    var number: Int
    var times: Int
    /// Physical offset of the record that delivered it.
    var deliveredAt: Int64?
    var isWithdrawn = false
    /// Physical offset of the record that waits in its place.
    var replacedBy: Int64?
    var isOpen: Bool { deliveredAt == nil && !isWithdrawn && replacedBy == nil }
}

/// A half message's way.
struct Half {
    var queueOffset: Int64
    var physicalOffset: Int64
    /// Physical offset of the record that it came as: another one where this is a copy.
    var first: Int64
    var number: Int
    var group: String
    var target: QueueID
    var stored: Int64
    /// What the op record says.
    var resolution: Resolution?
    var origin: ResolutionOrigin?
    /// Physical offset of the message in its topic.
    var committedAt: Int64?
    /// Somebody was told so.
    var isAnswered = false
    /// Offset in the half queue of the copy that stands in its place.
    var replacedBy: Int64?
    var isOpen: Bool { resolution == nil && committedAt == nil && replacedBy == nil }
}

/// Somebody wanted a half resolved.
struct Attempt: Equatable {
    var resolution: Resolution
    var origin: ResolutionOrigin
}

/// A message that a group wants again after so many tries.
struct RetryKey: Hashable, Comparable {
    var group: String
    var number: Int
    var times: Int

    static func < (a: RetryKey, b: RetryKey) -> Bool { (a.group, a.number, a.times) < (b.group, b.number, b.times) }
}

/// A queue as the model learned it.
struct LearnedQueue {
    var min: Int64 = 0
    /// Offset of the first of ``entries``, and behind the last.
    private(set) var first: Int64 = 0
    /// Physical offsets; negative where a record cannot be read.
    private(set) var entries: [Int64] = []
    /// Store time of the last one.
    var lastStored: Int64 = 0
    /// The last message of each producer.
    var lastOf: [Int: Int] = [:]

    var next: Int64 { first + Int64(entries.count) }
    var depth: Int64 { next - min }

    subscript(offset: Int64) -> Int64? {
        guard offset >= max(first, min), offset < next else { return nil }
        let place = entries[Int(offset - first)]
        return place < 0 ? nil : place
    }

    mutating func append(_ physicalOffset: Int64) { entries.append(physicalOffset) }
    /// Nothing was learned before this offset.
    mutating func begin(at offset: Int64) {
        guard entries.isEmpty, offset > next else { return }
        first = offset
        min = offset
    }
    mutating func cut(_ offset: Int64) { entries.removeLast(Swift.min(entries.count, Int(next - offset))) }
    mutating func trim(_ newMin: Int64) {
        min = newMin
        guard min - first > 4_096 else { return }
        entries.removeFirst(Int(Swift.min(min - first, Int64(entries.count))))
        first = min
    }
}
