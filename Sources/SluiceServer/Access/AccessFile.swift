import TOMLKit

/// Reads the accounts of a TOML text. Names that are not known are errors: a permission that was misspelled would
/// otherwise be one that silently is not there.
struct AccessFile {
    private typealias Value = any TOMLValueConvertible
    private let file: String?
    private let lines: AccessFileLines
    private(set) var policy = AccessPolicy()

    /// - Parameter file: how errors name the file, if it is one.
    init(text: String, file: String?) throws(AccessError) {
        self.file = file
        lines = AccessFileLines(text)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            // The parser's own words may quote the line, and with it a secret.
            let place = error.source.begin
            throw AccessError(file: file, line: place.line, "this is not TOML at column \(place.column)")
        } catch {
            throw AccessError(file: file, "this is not TOML")
        }
        for key in table.keys.sorted() {
            guard let value = table[key] else { continue }
            switch key {
            case "global_white_addresses": policy.globalWhite = try addresses(value, key)
            case "accounts": try readAccounts(value)
            case "version":
                guard let version = value.int, version >= 0 else { throw error(key, "version must be 0 or more") }
                policy.version = Int64(version)
            default: throw error(key, Self.unknown(key, ["accounts", "global_white_addresses", "version"]))
            }
        }
        policy.index()
    }

    // MARK: Parts of the file

    private func addresses(_ value: Value, _ path: String) throws(AccessError) -> [AddressPattern] {
        let texts = value.array?.compactMap { $0.string } ?? []
        guard let array = value.array, array.count == texts.count else {
            throw error(path, "\(path) must be a list of addresses: [\"10.0.0.1\", \"10.0.1.*\"]")
        }
        var patterns: [AddressPattern] = []
        for text in texts { patterns.append(try pattern(text, path)) }
        return patterns
    }

    private mutating func readAccounts(_ value: Value) throws(AccessError) {
        let tables = value.array?.compactMap { $0.table } ?? []
        guard let array = value.array, array.count == tables.count else {
            throw error("accounts", "accounts must be tables that begin with [[accounts]]")
        }
        var seen: Set<String> = []
        for (index, table) in tables.enumerated() {
            let path = "accounts[\(index)]"
            let account = try self.account(table, path)
            guard seen.insert(account.accessKey).inserted else {
                throw error("\(path).access_key", "a second account has the access key \"\(account.accessKey)\"")
            }
            policy.accounts.append(account)
        }
    }

    private func account(_ table: TOMLTable, _ path: String) throws(AccessError) -> AccessAccount {
        var account = AccessAccount(
            accessKey: try key("access_key", table, path), secretKey: try key("secret_key", table, path))
        for key in table.keys.sorted() {
            guard let value = table[key] else { continue }
            let path = "\(path).\(key)"
            switch key {
            case "access_key", "secret_key": break
            case "white_address":
                guard let text = value.string else { throw error(path, "white_address must be an address in quotes") }
                account.white = try pattern(text, path)
            case "admin":
                guard let isAdmin = value.bool else { throw error(path, "admin must be true or false") }
                account.isAdmin = isAdmin
            case "default_topic": account.defaultTopic = try permission(value, key, path)
            case "default_group": account.defaultGroup = try permission(value, key, path)
            case "topics": account.topics = try permissions(value, key, path)
            case "groups": account.groups = try permissions(value, key, path)
            default: throw error(path, Self.unknown(key, Self.accountKeys))
            }
        }
        return account
    }

    private static let accountKeys = [
        "access_key", "admin", "default_group", "default_topic", "groups", "secret_key", "topics", "white_address",
    ]

    // MARK: Values

    private func key(_ name: String, _ table: TOMLTable, _ path: String) throws(AccessError) -> String {
        guard let value = table[name] else { throw error(path, "the account has no \(name)") }
        guard let text = value.string, text.utf16.count > AccessAccount.keyLength else {
            let reason = "\(name) must be a text of more than \(AccessAccount.keyLength) characters, in quotes"
            throw error("\(path).\(name)", reason)
        }
        return text
    }

    private func pattern(_ text: String, _ path: String) throws(AccessError) -> AddressPattern {
        do throws(AccessError) {
            return try AddressPattern(text)
        } catch {
            throw self.error(path, error.reason)
        }
    }

    private func permission(_ value: Value, _ name: String, _ path: String) throws(AccessError) -> AccessPermission {
        guard let permission = value.string.flatMap({ AccessPermission($0) }) else {
            throw error(path, "\(name) must be \"DENY\", \"PUB\", \"SUB\", \"PUB|SUB\" or \"ANY\"")
        }
        return permission
    }

    private func permissions(
        _ value: Value, _ name: String, _ path: String
    ) throws(AccessError) -> [String: AccessPermission] {
        guard let table = value.table else {
            throw error(path, "\(name) must be a table: \(name) = { orders = \"PUB|SUB\" }")
        }
        var permissions: [String: AccessPermission] = [:]
        for key in table.keys.sorted() {
            guard let value = table[key] else { continue }
            permissions[key] = try permission(value, key, "\(path).\(key)")
        }
        return permissions
    }

    private func error(_ path: String, _ reason: String) -> AccessError {
        AccessError(file: file, line: lines[path], reason)
    }

    private static func unknown(_ key: String, _ known: [String]) -> String {
        "\"\(key)\" is not known here; there are \(known.joined(separator: ", "))"
    }
}
