import Logging
import SluiceBroker
import SluiceRemoting

/// Accounts (requests, 50 to 53).
extension Call {
    func access() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.updateACLConfig: return try await updateAccount()
        case RequestCode.deleteACLConfig:
            let key = try text("accessKey")
            try await change(ResponseCode.deleteACLFailed, account("acl_delete", key, key)) {
                (policy) throws(AccessError) in try policy.delete(accessKey: key)
            }
            return ok()
        case RequestCode.updateGlobalWhiteAddresses:
            let addresses = AccessPolicy.addresses(request["globalWhiteAddrs"] ?? "")
            let subject = {
                AuditSubject.elsewhere(
                    name: "acl_addresses", target: Self.words(addresses),
                    state: options.access.current.map { Self.words($0.globalWhite.map(\.text)) } ?? "no accounts")
            }
            try await change(ResponseCode.updateGlobalWhiteAddressesFailed, subject()) {
                (policy) throws(AccessError) in try policy.setGlobalWhiteAddresses(addresses)
            }
            return ok()
        case RequestCode.getACLInfo: return accountsInfo()
        default: return nil
        }
    }

    private static func words(_ addresses: [String]) -> String {
        addresses.isEmpty ? "no addresses" : addresses.joined(separator: ", ")
    }

    /// An account for the audit, without its secret.
    private func account(_ name: String, _ key: String, _ target: String) -> AuditSubject {
        .elsewhere(name: name, target: target, state: options.access.current?.words(accessKey: key) ?? "no accounts")
    }

    private func change(
        _ code: Int32, _ subject: @autoclosure () -> AuditSubject,
        _ body: (inout AccessPolicy) throws(AccessError) -> Void
    ) async throws(Refusal) {
        try await noted(subject()) { () throws(Refusal) in
            do throws(AccessError) {
                try options.access.change(body)
            } catch {
                throw Refusal(code, error.description)
            }
            return ""
        }
        service.logger.notice("accounts were changed by request \(request.code) from \(connection.remoteText)")
    }

    private func updateAccount() async throws(Refusal) -> Frame {
        let key = try text("accessKey")
        let request = request
        let target =
            key + Self.accountFields.compactMap { name in request[name].map { ", \(name) \($0)" } }.joined()
            + (request["secretKey"]?.isEmpty == false ? ", a secret" : "")
        try await change(ResponseCode.updateACLFailed, account("acl_update", key, target)) {
            (policy) throws(AccessError) in
            try policy.update(
                accessKey: key, secretKey: request["secretKey"], whiteRemoteAddress: request["whiteRemoteAddress"],
                admin: request.bool("admin"), defaultTopicPerm: request["defaultTopicPerm"],
                defaultGroupPerm: request["defaultGroupPerm"], topicPerms: request["topicPerms"],
                groupPerms: request["groupPerms"])
        }
        return ok()
    }

    /// What a request says of an account, but for its secret.
    private static let accountFields = [
        "admin", "whiteRemoteAddress", "defaultTopicPerm", "defaultGroupPerm", "topicPerms", "groupPerms",
    ]

    private func accountsInfo() -> Frame {
        let version = JSONValue.fields([
            "counter": .int(options.access.current?.version ?? 0), "timestamp": .int(service.startedAt),
        ])
        let text = String(decoding: version.encoded(), as: UTF8.self)
        let files = JSONValue.object([.init(.string(options.access.path ?? ""), version)])
        return ok([
            "allAclFileVersion": String(decoding: files.encoded(), as: UTF8.self), "brokerAddr": options.advertised,
            "brokerName": options.brokerName, "clusterName": options.cluster, "version": text,
        ])
    }
}
