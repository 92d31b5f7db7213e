import SluiceAPI
import SluiceMessage

/// A message as a client handed it in.
struct Sent {
    var number: Int
    var topic: String
    /// The queue asked for; negative lets the broker choose.
    var queue: Int
    var tag: String?
    var keys: [String]
    var bodySize: Int
    var flag: Int32
    var delay: Delay?
    /// Group of the transactional producer.
    var producerGroup: String?
    var producer: Int
    /// How often it was handed in: again where no answer came.
    var copies = 1
    /// Records that were learned of it as it was handed in.
    var seen = 0

    /// The unique key.
    var id: String { Self.id(number) }
    static func id(_ number: Int) -> String { "M\(number)" }
    static func number(_ id: String) -> Int? { id.first == "M" ? Int(id.dropFirst()) : nil }

    /// The body: made anew from the number whenever it is wanted.
    var body: [UInt8] {
        var random = SeededGenerator(seed: UInt64(number))
        var bytes = [UInt8](repeating: 0, count: bodySize)
        var at = 0
        while at < bodySize {
            var word = random.next()
            for _ in 0..<min(8, bodySize - at) {
                bytes[at] = UInt8(truncatingIfNeeded: word)
                word >>= 8
                at += 1
            }
        }
        return bytes
    }

    var message: Message {
        Message(
            topic: topic, body: body, tag: tag, keys: keys, properties: [Property(PropertyName.uniqueKey, id)],
            flag: flag, delay: delay, queue: queue < 0 ? nil : queue)
    }

    /// Throws where a stored record is not this message byte for byte.
    func check(_ stored: StoredMessage) throws(Violation) {
        guard stored.id == id, stored.tag == tag, stored.keys == keys, stored.flag == flag, stored.body == body else {
            throw Violation(
                .durability, "the record at \(stored.physicalOffset) is not message \(id) as it was handed in")
        }
    }
}

/// A value of the broker that journals keep: as it is now, and as it may be found after a crash.
struct Kept<Value: Equatable> {
    private(set) var live: Value
    private var possible: [(version: Int, value: Value)]
    private(set) var version = 0

    init(_ value: Value) {
        live = value
        possible = [(0, value)]
    }

    /// Changes it; returns the version that ``acknowledged(_:)`` speaks of.
    @discardableResult
    mutating func set(_ value: Value) -> Int {
        version += 1
        live = value
        possible.append((version, value))
        return version
    }

    /// What was before a version is no longer possible.
    mutating func acknowledged(_ version: Int) { possible.removeAll { $0.version < version } }
    /// Only what is now is possible.
    mutating func settle() {
        guard possible.count > 1 else { return }
        possible = [(version, live)]
    }
    func isPossible(_ value: Value) -> Bool { possible.contains { $0.value == value } }
    /// Takes over what was found.
    mutating func found(_ value: Value) {
        version += 1
        live = value
        possible = [(version, value)]
    }
    var possibleText: String { possible.map { "\($0.value)" }.joined(separator: " or ") }
}
