import Logging
import SluiceRemoting

/// Accounts (requests, 50 to 53).
extension Call {
    func access() async throws(Refusal) -> Frame? {
        switch request.code {
        case RequestCode.updateACLConfig: return try updateAccount()
        case RequestCode.deleteACLConfig:
            let key = try text("accessKey")
            try change(ResponseCode.deleteACLFailed) { (policy) throws(AccessError) in try policy.delete(accessKey: key)
            }
            return ok()
        case RequestCode.updateGlobalWhiteAddresses:
            let addresses = AccessPolicy.addresses(request["globalWhiteAddrs"] ?? "")
            try change(ResponseCode.updateGlobalWhiteAddressesFailed) { (policy) throws(AccessError) in
                try policy.setGlobalWhiteAddresses(addresses)
            }
            return ok()
        case RequestCode.getACLInfo: return accountsInfo()
        default: return nil
        }
    }

    private func change(
        _ code: Int32, _ body: (inout AccessPolicy) throws(AccessError) -> Void
    ) throws(Refusal) {
        do throws(AccessError) {
            try options.access.change(body)
        } catch {
            throw Refusal(code, error.description)
        }
        service.logger.notice("accounts were changed by request \(request.code) from \(connection.remoteText)")
    }

    private func updateAccount() throws(Refusal) -> Frame {
        let key = try text("accessKey")
        let request = request
        try change(ResponseCode.updateACLFailed) { (policy) throws(AccessError) in
            try policy.update(
                accessKey: key, secretKey: request["secretKey"], whiteRemoteAddress: request["whiteRemoteAddress"],
                admin: request.bool("admin"), defaultTopicPerm: request["defaultTopicPerm"],
                defaultGroupPerm: request["defaultGroupPerm"], topicPerms: request["topicPerms"],
                groupPerms: request["groupPerms"])
        }
        return ok()
    }

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
