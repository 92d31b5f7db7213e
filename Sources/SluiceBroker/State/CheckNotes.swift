import SluiceMessage

/// Check-backs as `checks.journal` holds them: a small note each, many in an entry of the journal.
struct CheckNotes {
    struct Note {
        var queueOffset: Int64
        /// The half's mark; in notes of earlier versions its place in the log.
        var identity: Int64
        var isEarlier: Bool
        var checks: Int32
        /// Epoch ms of the next check; `.max` when the half was set aside.
        var next: Int64

        func isAbout(_ entry: HalfIndex.Entry) -> Bool {
            identity == (isEarlier ? entry.physicalOffset : Int64(entry.mark))
        }
    }
    private static let kind = UInt8(ascii: "C")
    static let bytes = 24
    private var writer = ByteWriter()
    private(set) var count = 0

    mutating func add(_ entry: HalfIndex.Entry) {
        if count == 0 { writer.put(Self.kind) }
        count += 1
        writer.put(entry.queueOffset)
        writer.put(entry.mark)
        writer.put(entry.checks)
        writer.put(entry.nextCheck)
    }

    /// The notes gathered so far as one entry.
    mutating func take() -> [UInt8] {
        let taken = writer.bytes
        self = CheckNotes()
        return taken
    }

    static func read(_ payload: UnsafeRawBufferPointer, _ body: (Note) -> Void) {
        func number<T: FixedWidthInteger>(_ at: Int, _ type: T.Type) -> T {
            T(bigEndian: payload.loadUnaligned(fromByteOffset: at, as: type))
        }
        if payload.count == 28 {
            return body(
                Note(
                    queueOffset: number(8, Int64.self), identity: number(0, Int64.self), isEarlier: true,
                    checks: number(16, Int32.self), next: number(20, Int64.self)))
        }
        guard payload.first == kind else { return }
        for at in stride(from: 1, through: payload.count - bytes, by: bytes) {
            body(
                Note(
                    queueOffset: number(at, Int64.self), identity: Int64(number(at + 8, UInt32.self)), isEarlier: false,
                    checks: number(at + 12, Int32.self), next: number(at + 16, Int64.self)))
        }
    }
}
