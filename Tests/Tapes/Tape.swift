import Foundation

/// A conversation of RocketMQ's own servers and clients, byte for byte as it went over the wire.
public struct Tape: Sendable {
    /// Folder and file without its ending, as in `4.9.8/producer`.
    public let name: String
    public let meta: Meta
    public let events: [Event]

    /// What the tape's first line says about how it came to be.
    public struct Meta: Decodable, Sendable {
        public var scenario: String
        /// The ports that occur, by peer.
        public var ports: [String: Int]
        /// Epoch ms of the tape's time 0.
        public var startedMs: Int64
        /// Accounts that the broker knew, where it asked for signatures.
        public var acl: AccessRules?
    }

    public struct AccessRules: Decodable, Sendable {
        public var accounts: [Account]
    }

    public struct Account: Decodable, Sendable {
        public var accessKey: String
        public var secretKey: String
        public var admin: Bool
        public var topicPerms: [String]?
        public var groupPerms: [String]?
    }

    /// What happened on one of the connections.
    public struct Event: Sendable {
        /// Since the tape's time 0.
        public var milliseconds: Int64
        public var connection: Int
        /// The server end: `namesrv`, `broker-a`, `broker-b`, `broker-a-vip`.
        public var peer: String
        /// From the side that connected.
        public var isFromClient: Bool
        public var content: Content
    }

    public enum Content: Sendable {
        case opened
        case closed
        /// A whole frame, or bytes that are none and were sent on purpose.
        case bytes([UInt8], isFrame: Bool)
    }

    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }
    }

    public init(_ name: String) throws {
        self.name = name
        let lines = try String(contentsOfFile: "\(Self.folder)/\(name).jsonl", encoding: .utf8)
            .split(separator: "\n")
        let decoder = JSONDecoder()
        guard let first = lines.first else { throw Malformed("\(name) is empty") }
        meta = try decoder.decode(Opening.self, from: Data(first.utf8)).meta
        events = try lines.dropFirst().map { line in
            try decoder.decode(TapeLine.self, from: Data(line.utf8)).event(of: name)
        }
    }

    private struct Opening: Decodable {
        var meta: Meta
    }

    /// Where the tapes are: beside this file.
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent().path

    /// Names of all tapes, `4.9.8/…` before `5.0.0/…`.
    public static let all: [String] = {
        let files = FileManager.default
        let versions = (try? files.contentsOfDirectory(atPath: folder).sorted()) ?? []
        return versions.flatMap { version in
            let tapes = (try? files.contentsOfDirectory(atPath: "\(folder)/\(version)").sorted()) ?? []
            return tapes.filter { $0.hasSuffix(".jsonl") }.map { "\(version)/\($0.dropLast(6))" }
        }
    }()
}

/// One line of a tape behind the first.
private struct TapeLine: Decodable {
    var t: Int64
    var conn: Int
    var peer: String
    var dir: String
    var event: String?
    /// A frame's JSON header and its body, the latter in hex where it is no text.
    var header: String?
    var body: String?
    var bodyHex: String?
    /// All bytes: frames with a binary header, and what is no frame.
    var hex: String?
    /// Says that these bytes are no frame.
    var note: String?

    func event(of tape: String) throws -> Tape.Event {
        let content: Tape.Content
        switch event {
        case "open": content = .opened
        case "close": content = .closed
        case nil: content = .bytes(try bytes(tape), isFrame: note == nil)
        case let other?: throw Tape.Malformed("\(tape) has an event \(other)")
        }
        return Tape.Event(milliseconds: t, connection: conn, peer: peer, isFromClient: dir == "→", content: content)
    }

    private func bytes(_ tape: String) throws -> [UInt8] {
        if let hex { return try Self.bytes(hex, tape) }
        guard let header else { throw Tape.Malformed("\(tape) has a line at \(t) without a frame") }
        let body = try body.map { Array($0.utf8) } ?? Self.bytes(bodyHex ?? "", tape)
        // Total length, header word with type 0, header, body.
        return Self.big(4 + header.utf8.count + body.count) + Self.big(header.utf8.count) + Array(header.utf8) + body
    }

    private static func big(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
    }

    private static func bytes(_ hex: String, _ tape: String) throws -> [UInt8] {
        let digits = Array(hex.utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        guard digits.count % 2 == 0, digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw Tape.Malformed("\(tape) has odd hex")
        }
        return stride(from: 0, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }
}
