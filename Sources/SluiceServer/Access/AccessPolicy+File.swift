import Glibc

extension AccessPolicy {
    /// Bytes of an access file at most.
    public static let maxFileBytes = 4 << 20

    /// Reads an access file.
    /// - Throws: an error that names the file, the line, and what is wrong there.
    public static func load(_ path: String) throws(AccessError) -> AccessPolicy {
        try AccessFile(text: try read(path), file: path).policy
    }

    /// Reads the text of an access file; errors name the line.
    public init(toml: String) throws(AccessError) {
        self = try AccessFile(text: toml, file: nil).policy
    }

    private static func read(_ path: String) throws(AccessError) -> String {
        func unreadable() -> AccessError {
            AccessError(file: path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable() }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw unreadable()
            }
            bytes.append(contentsOf: piece.prefix(count))
            guard bytes.count <= maxFileBytes else {
                throw AccessError(file: path, "is larger than an access file can be (4 MiB)")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AccessError(file: path, "this is not UTF-8 text")
        }
        return text
    }

    /// The policy as the text of an access file, secrets and all, so that changes by requests can be kept: reading it
    /// gives an equal policy. Comments of a file that it came from are not in it. Who writes it to a file should let
    /// nobody else read that.
    public func encodedTOML() -> String {
        var text = "version = \(version)\n"
        text += "global_white_addresses = [\(globalWhite.map { Self.quoted($0.text) }.joined(separator: ", "))]\n"
        for account in accounts {
            text += "\n[[accounts]]\naccess_key = \(Self.quoted(account.accessKey))\n"
            text += "secret_key = \(Self.quoted(account.secretKey))\n"
            if !account.white.text.isEmpty { text += "white_address = \(Self.quoted(account.white.text))\n" }
            text += "admin = \(account.isAdmin)\n"
            text += "default_topic = \(Self.quoted(account.defaultTopic.text))\n"
            text += "default_group = \(Self.quoted(account.defaultGroup.text))\n"
            if !account.topics.isEmpty { text += "topics = \(Self.table(account.topics))\n" }
            if !account.groups.isEmpty { text += "groups = \(Self.table(account.groups))\n" }
        }
        return text
    }

    private static func table(_ permissions: [String: AccessPermission]) -> String {
        let entries = permissions.sorted { $0.key < $1.key }.map { "\(quoted($0.key)) = \(quoted($0.value.text))" }
        return "{ \(entries.joined(separator: ", ")) }"
    }

    /// A basic string of TOML.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
