import SluiceAPI

/// A line of the audit as bytes: one JSON object with its keys in a fixed order, made here and nowhere else, since the
/// chain is over exact bytes.
///
///     {"number":2,"time_ms":1700000000000,"phase":"after","begun":1,"actor":"ops","host":"bastion","proven":false,
///      "action":"commit","target":"7F00…","reason":"","state":"…","outcome":"done","previous":"<64>","hash":"<64>"}
///
/// `begun` and `outcome` stand in an `after` only. `hash` is the SHA-256 of the line without `,"hash":"…"`, `previous` the
/// hash of the line before, 64 zeros in the first.
enum AuditLine {
    static let firstPrevious = String(repeating: "0", count: 64)
    private static let hashKey = ",\"hash\":\""
    /// `,"hash":"`, 64 digits, `"}`.
    private static let hashBytes = hashKey.utf8.count + 64 + 2
    /// Scalars of a text that are kept: a line stays a line that fits a screen or two.
    private static let longest = 4_000

    /// The line with its newline, and the entry with its hash and as it was cut to what a line holds.
    static func encode(_ entry: AuditEntry) -> (bytes: [UInt8], entry: AuditEntry) {
        var entry = entry
        for text in [\AuditEntry.actor.name, \.actor.host, \.action, \.target, \.reason, \.state] {
            entry[keyPath: text] = clipped(entry[keyPath: text])
        }
        entry.outcome = entry.outcome.map(clipped)
        var writer = Writer()
        writer.add("number", entry.number)
        writer.add("time_ms", entry.time)
        writer.add("phase", entry.phase.rawValue)
        if let begun = entry.begun { writer.add("begun", begun) }
        writer.add("actor", entry.actor.name)
        writer.add("host", entry.actor.host)
        writer.add("proven", entry.actor.isProven)
        writer.add("action", entry.action)
        writer.add("target", entry.target)
        writer.add("reason", entry.reason)
        writer.add("state", entry.state)
        if let outcome = entry.outcome { writer.add("outcome", outcome) }
        writer.add("previous", entry.previous)
        entry.hash = SHA256.hex(writer.bytes + [UInt8(ascii: "}")])
        writer.add("hash", entry.hash)
        return (writer.bytes + Array("}\n".utf8), entry)
    }

    private static func clipped(_ text: String) -> String {
        guard text.unicodeScalars.count > longest else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest - 1))) + "…"
    }

    /// What the hash of a line should be, by its bytes; nil where it does not end in one.
    static func hash(of line: UnsafeRawBufferPointer) -> String? {
        guard line.count > hashBytes,
            line.dropFirst(line.count - hashBytes).prefix(hashKey.utf8.count).elementsEqual(hashKey.utf8)
        else { return nil }
        return SHA256.hex(Array(line.dropLast(hashBytes)) + [UInt8(ascii: "}")])
    }

    /// The entry on a line; nil for anything that ``encode(_:)`` does not write.
    static func parse(_ line: UnsafeRawBufferPointer) -> AuditEntry? {
        var reader = Reader(line)
        guard let number = reader.number("number"), let time = reader.number("time_ms"),
            let phase = reader.text("phase").flatMap(AuditEntry.Phase.init(rawValue:))
        else { return nil }
        let begun = phase == .after ? reader.number("begun") : nil
        guard let name = reader.text("actor"), let host = reader.text("host"), let proven = reader.flag("proven"),
            let action = reader.text("action"), let target = reader.text("target"), let reason = reader.text("reason"),
            let state = reader.text("state")
        else { return nil }
        let outcome = phase == .after ? reader.text("outcome") : nil
        guard let previous = reader.text("previous"), let hash = reader.text("hash"), reader.isAtEnd,
            phase == .before || (begun != nil && outcome != nil)
        else { return nil }
        return AuditEntry(
            number: number, time: time, phase: phase, begun: begun,
            actor: Actor(name: name, host: host, isProven: proven), action: action, target: target, reason: reason,
            state: state, outcome: outcome, previous: previous, hash: hash)
    }
}

extension AuditLine {
    private struct Writer {
        var bytes: [UInt8] = [UInt8(ascii: "{")]

        mutating func add(_ key: String, _ number: Int64) {
            begin(key)
            bytes.append(contentsOf: String(number).utf8)
        }

        mutating func add(_ key: String, _ flag: Bool) {
            begin(key)
            bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        }

        mutating func add(_ key: String, _ text: String) {
            begin(key)
            bytes.append(UInt8(ascii: "\""))
            let digits = Array("0123456789abcdef".utf8)
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20, 0x7F: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }

        private mutating func begin(_ key: String) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: "\"\(key)\":".utf8)
        }
    }

    /// Reads what ``Writer`` writes, key by key.
    private struct Reader {
        private let line: UnsafeRawBufferPointer
        private var at = 0

        init(_ line: UnsafeRawBufferPointer) { self.line = line }

        var isAtEnd: Bool { line[at...].elementsEqual("}".utf8) }

        private mutating func take(_ text: String) -> Bool {
            let count = text.utf8.count
            guard line.count - at >= count, line[at..<at + count].elementsEqual(text.utf8) else { return false }
            at += count
            return true
        }

        private mutating func begin(_ key: String) -> Bool { take(at == 0 ? "{" : ",") && take("\"\(key)\":") }

        mutating func number(_ key: String) -> Int64? {
            guard begin(key) else { return nil }
            let digits = line[at...].prefix { $0 == UInt8(ascii: "-") || (48...57).contains($0) }
            at += digits.count
            return Int64(String(decoding: digits, as: UTF8.self))
        }

        mutating func flag(_ key: String) -> Bool? {
            guard begin(key) else { return nil }
            if take("true") { return true }
            return take("false") ? false : nil
        }

        mutating func text(_ key: String) -> String? {
            guard begin(key), take("\"") else { return nil }
            var bytes: [UInt8] = []
            while at < line.count {
                let byte = line[at]
                at += 1
                if byte == UInt8(ascii: "\"") { return String(validating: bytes, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\") else {
                    bytes.append(byte)
                    continue
                }
                guard let character = escaped() else { return nil }
                bytes.append(character)
            }
            return nil
        }

        private mutating func escaped() -> UInt8? {
            if take("\"") { return UInt8(ascii: "\"") }
            if take("\\") { return UInt8(ascii: "\\") }
            guard take("u00"), line.count - at >= 2 else { return nil }
            defer { at += 2 }
            return UInt8(String(decoding: line[at..<at + 2], as: UTF8.self), radix: 16)
        }
    }
}
