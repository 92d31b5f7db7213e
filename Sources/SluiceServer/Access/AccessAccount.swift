import SluiceMessage

/// What an account may do to a topic or group: RocketMQ's permission words (remoting frame, 9). No bit is `DENY`.
struct AccessPermission: OptionSet, Sendable, Hashable {
    let rawValue: UInt8
    static let publish = AccessPermission(rawValue: 4)
    static let subscribe = AccessPermission(rawValue: 8)

    /// `DENY`, `PUB`, `SUB`, `PUB|SUB` in either order, or `ANY`, which is both; nil for other words.
    ///
    /// RocketMQ documents `ANY` as publishing or subscribing, but its 4.9 broker takes the word for `DENY`.
    init?<Text: StringProtocol>(_ text: Text) where Text.SubSequence == Substring {
        var permission: AccessPermission = []
        let words = text.split(separator: "|", omittingEmptySubsequences: false).map { $0.unpadded }
        switch words {
        case ["DENY"]: break
        case ["ANY"], ["PUB", "SUB"], ["SUB", "PUB"]: permission = [.publish, .subscribe]
        case ["PUB"]: permission = .publish
        case ["SUB"]: permission = .subscribe
        default: return nil
        }
        self = permission
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    var text: String {
        switch (contains(.publish), contains(.subscribe)) {
        case (true, true): "PUB|SUB"
        case (true, false): "PUB"
        case (false, true): "SUB"
        case (false, false): "DENY"
        }
    }
}

/// Who may send requests, and which.
struct AccessAccount: Sendable, Equatable {
    let accessKey: String
    var secretKey: String
    /// From here requests with this access key need no signature and may do everything.
    var white = AddressPattern.nobody
    var isAdmin = false
    /// For topics and groups that are not named.
    var defaultTopic: AccessPermission = []
    var defaultGroup: AccessPermission = []
    var topics: [String: AccessPermission] = [:]
    var groups: [String: AccessPermission] = [:]

    /// UTF-16 units that a key must have more of (RocketMQ's limit).
    static let keyLength = 6

    /// An admin account without permissions of its own may do everything to every topic and group.
    private var ownsEverything: Bool { isAdmin && topics.isEmpty && groups.isEmpty }

    /// Nil when the account may do what the request needs, else why not.
    func refusal(_ needs: [AccessNeed]) -> String? {
        guard !ownsEverything else { return nil }
        for need in needs where !isAllowed(need) {
            return "No permission for \(need.text): accessKey=\(accessKey) lacks \(need.permission.text)"
        }
        return nil
    }

    private func isAllowed(_ need: AccessNeed) -> Bool {
        switch need {
        case .topic(AccessNeed.traceTopic, .publish): return true
        case .topic(let name, let needed): return (topics[name] ?? defaultTopic).isSuperset(of: needed)
        case .group(let name):
            // A group's permission may also have been written under the name of its retry topic.
            let owned = groups[name] ?? topics[TopicName.retry(name)] ?? defaultGroup
            return owned.contains(.subscribe)
        }
    }
}

extension AccessAccount {
    /// What it may do and from where, for the audit.
    var words: String {
        func list(_ permissions: [String: AccessPermission]) -> String {
            permissions.sorted { $0.key < $1.key }.map { ", \($0.key) \($0.value.text)" }.joined()
        }
        return (isAdmin ? "admin; " : "") + "topics \(defaultTopic.text)\(list(topics))"
            + "; groups \(defaultGroup.text)\(list(groups))" + (white.isBlank ? "" : "; unsigned from \(white.text)")
    }
}

extension AccessPolicy {
    /// An account as it stands, for the audit: no secrets.
    func words(accessKey: String) -> String { places[accessKey].map { accounts[$0].words } ?? "no such account" }
}

/// Secrets stay out of logs and test reports.
extension AccessAccount: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "account \(accessKey)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["accessKey": accessKey, "isAdmin": isAdmin]) }
}
