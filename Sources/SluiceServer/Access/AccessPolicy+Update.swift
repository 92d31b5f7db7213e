/// Changes by admin requests (requests, 6). A change that cannot be made changes nothing; one that is made counts in
/// ``AccessPolicy/version``.
extension AccessPolicy {
    /// Makes an account or changes one (UPDATE_AND_CREATE_ACL_CONFIG, 50). The parameters are the request's fields as
    /// they came; nil leaves things as they are, or as a new account has them: DENY, and no admin.
    ///
    /// - Parameters:
    ///   - accessKey: more than 6 characters.
    ///   - secretKey: more than 6 characters; a new account needs one.
    ///   - whiteRemoteAddress: an address pattern; empty for none.
    ///   - defaultTopicPerm: `DENY`, `PUB`, `SUB`, `PUB|SUB` or `ANY`; empty counts as nil.
    ///   - defaultGroupPerm: as for topics.
    ///   - topicPerms: all permissions by topic, as `orders=PUB|SUB,audit=SUB`; empty for none.
    ///   - groupPerms: all permissions by group, as for topics.
    public mutating func update(
        accessKey: String, secretKey: String? = nil, whiteRemoteAddress: String? = nil, admin: Bool? = nil,
        defaultTopicPerm: String? = nil, defaultGroupPerm: String? = nil, topicPerms: String? = nil,
        groupPerms: String? = nil
    ) throws(AccessError) {
        let place = places[accessKey]
        // Java's clients send no field rather than an empty secret, others send it empty.
        let secret = secretKey.flatMap { $0.isEmpty ? nil : $0 } ?? place.map { accounts[$0].secretKey }
        try Self.check("accessKey", accessKey)
        guard let secret else { throw AccessError("a new account needs a secretKey") }
        try Self.check("secretKey", secret)
        var account = place.map { accounts[$0] } ?? AccessAccount(accessKey: accessKey, secretKey: secret)
        account.secretKey = secret
        if let whiteRemoteAddress { account.white = try AddressPattern(whiteRemoteAddress) }
        if let admin { account.isAdmin = admin }
        if let text = defaultTopicPerm, !text.isEmpty { account.defaultTopic = try Self.permission(text[...]) }
        if let text = defaultGroupPerm, !text.isEmpty { account.defaultGroup = try Self.permission(text[...]) }
        if let topicPerms { account.topics = try Self.permissions(topicPerms) }
        if let groupPerms { account.groups = try Self.permissions(groupPerms) }
        if let place { accounts[place] = account } else { accounts.append(account) }
        changed()
    }

    /// Removes an account (DELETE_ACL_CONFIG, 51).
    public mutating func delete(accessKey: String) throws(AccessError) {
        guard let place = places[accessKey] else {
            throw AccessError("there is no account with the accessKey \"\(accessKey)\"")
        }
        accounts.remove(at: place)
        changed()
    }

    /// Replaces the addresses that need no account (UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, 53); blank ones are left out.
    /// - Parameter addresses: patterns; ``addresses(_:)`` takes the request's field apart.
    public mutating func setGlobalWhiteAddresses(_ addresses: [String]) throws(AccessError) {
        var patterns: [AddressPattern] = []
        for address in addresses {
            let pattern = try AddressPattern(address)
            if !pattern.isBlank { patterns.append(pattern) }
        }
        globalWhite = patterns
        changed()
    }

    /// The patterns of a list with commas, those inside braces not counted: `10.0.0.{1,2},10.0.1.*` has two.
    public static func addresses(_ list: String) -> [String] { AddressPattern.list(list) }

    private mutating func changed() {
        version += 1
        index()
    }

    // MARK: Fields

    private static func check(_ name: String, _ key: String) throws(AccessError) {
        guard key.utf16.count > AccessAccount.keyLength else {
            throw AccessError("\(name) must have more than \(AccessAccount.keyLength) characters")
        }
    }

    private static func permission(_ text: Substring) throws(AccessError) -> AccessPermission {
        guard let permission = AccessPermission(text) else {
            throw AccessError("\"\(text)\" is no permission; there are DENY, PUB, SUB, PUB|SUB and ANY")
        }
        return permission
    }

    private static func permissions(_ text: String) throws(AccessError) -> [String: AccessPermission] {
        var permissions: [String: AccessPermission] = [:]
        for item in text.split(separator: ",") where !item.unpadded.isEmpty {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].unpadded.isEmpty else {
                throw AccessError("\"\(item.unpadded)\" is no permission for a name; write one like orders=PUB|SUB")
            }
            permissions[String(parts[0].unpadded)] = try permission(parts[1].unpadded)
        }
        return permissions
    }
}
