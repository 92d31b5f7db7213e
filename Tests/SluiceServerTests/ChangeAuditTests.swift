import Foundation
import SluiceRemoting
import SluiceServer
import SluiceTapes
import Testing

/// What administrators change by RocketMQ's requests stands in the audit like what they do by our own.
@Suite struct ChangeAuditTests {
    @Test func changesOverTheWireAreAudited() async throws {
        try await TapeServer.run { server in
            let tool = try TapeConnection(port: server.port)
            try tool.expect(
                RequestCode.updateAndCreateTopic,
                [
                    "topic": "T", "readQueueNums": "4", "writeQueueNums": "4", "perm": "6",
                    "topicFilterType": "SINGLE_TAG",
                    "topicSysFlag": "0", "order": "false", "defaultTopic": "TBW102",
                ])
            try tool.expect(
                RequestCode.updateConsumerOffset,
                ["consumerGroup": "G", "topic": "T", "queueId": "0", "commitOffset": "0"])
            try tool.expect(
                RequestCode.updateAndCreateSubscriptionGroup, body: .fields(["groupName": "G", "retryMaxTimes": 3]))
            try tool.expect(RequestCode.cloneGroupOffset, ["srcGroup": "G", "destGroup": "H", "topic": "T"])
            let changed = try tool.call(
                RequestCode.updateBrokerConfig, [:], body: Array("transactionCheckMax=7\n".utf8))
            #expect(changed.code == ResponseCode.success)
            try tool.expect(RequestCode.deleteSubscriptionGroup, ["groupName": "H"])
            try tool.expect(RequestCode.deleteTopicInBroker, ["topic": "T"])
            let entries = try Self.entries(server)
            let begun = entries.filter { $0["phase"]?.text == "before" }.compactMap { $0["action"]?.text }
            #expect(
                begun == [
                    "topic_update", "group_update", "group_copy_offsets", "option_set", "group_delete", "topic_delete",
                ])
            #expect(entries.count == 12 && entries.allSatisfy { $0["proven"]?.boolean == false })
            #expect(entries.first?["host"]?.text == "127.0.0.1" && entries.first?["actor"]?.text == "unnamed")
            let ends = entries.compactMap { $0["outcome"]?.text }
            #expect(
                ends.first == "done: created topic T: 4/4 queues, rw"
                    && ends.last == "done: deleted topic T with 0 messages")
        }
    }

    private static func entries(_ server: TapeServer) throws -> [JSONValue] {
        let text = try String(contentsOfFile: server.options.dataFolder + "/audit.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
    }

    /// Name, target, state before, state after, outcome of each action.
    private static func deeds(_ server: TapeServer) throws -> [[String]] {
        let entries = try entries(server)
        return entries.filter { $0["phase"]?.text == "after" }.map { after in
            let before = entries.first { $0["number"]?.integer == after["begun"]?.integer }
            return [after["action"], after["target"], before?["state"], after["state"], after["outcome"]].map {
                $0?.text ?? "-"
            }
        }
    }

    @Test func changesOfTheNameServerAreAudited() async throws {
        try await TapeServer.run { server in
            let tool = try TapeConnection(port: server.nameServerPort)
            let entry = ["namespace": "ORDER_TOPIC_CONFIG", "key": "T"]
            try tool.expect(RequestCode.putKV, ["namespace": "ORDER_TOPIC_CONFIG", "key": "T", "value": "broker-a:4"])
            try tool.expect(RequestCode.getKV, entry)
            try tool.expect(RequestCode.deleteKV, entry)
            let changed = try tool.call(
                RequestCode.updateNameServerConfig, [:], body: Array("orderMessageEnable=true\n".utf8))
            #expect(changed.code == ResponseCode.success)
            let fixed = try tool.call(RequestCode.updateNameServerConfig, [:], body: Array("rocketmqHome=/\n".utf8))
            #expect(fixed.code == ResponseCode.noPermission)
            try tool.expect(RequestCode.wipeWritePermission, ["brokerName": "broker-a"])
            try tool.expect(RequestCode.addWritePermission, ["brokerName": "broker-a"])
            try tool.expect(RequestCode.deleteTopicInNameServer, ["topic": "T"])
            let deeds = try Self.deeds(server)
            #expect(
                deeds.map { Array($0.prefix(4)) } == [
                    ["nameserver_kv_put", "ORDER_TOPIC_CONFIG T = broker-a:4", "not set", "broker-a:4"],
                    ["nameserver_kv_delete", "ORDER_TOPIC_CONFIG T", "broker-a:4", "not set"],
                    [
                        "nameserver_config", "orderMessageEnable=true", "orderMessageEnable=false",
                        "orderMessageEnable=true",
                    ],
                    ["nameserver_wipe_write", "broker-a", "written to", "not written to"],
                    ["nameserver_add_write", "broker-a", "not written to", "written to"],
                    ["nameserver_topic_delete", "T", "on no registered broker", "on no registered broker"],
                ])
            #expect(deeds.allSatisfy { $0[4].hasPrefix("done") } && deeds.last?[4] == "done")
        }
    }

    @Test func changesOfAccountsAreAuditedWithoutSecrets() async throws {
        var setting = TapeServer.Setting()
        setting.accounts = """
            [[accounts]]
            access_key = "administrator"
            secret_key = "correct horse"
            admin = true
            """
        let admin = try JSONDecoder().decode(
            Tape.Account.self,
            from: Data(#"{"accessKey":"administrator","secretKey":"correct horse","admin":true}"#.utf8))
        try await TapeServer.run(setting) { server in
            let tool = try TapeConnection(port: server.port, signer: admin)
            try tool.expect(
                RequestCode.updateACLConfig,
                ["accessKey": "orders-service", "secretKey": "battery staple", "topicPerms": "orders=PUB"])
            #expect(try tool.call(RequestCode.deleteACLConfig, ["accessKey": "nobody-here"]).code != 0)
            try tool.expect(RequestCode.deleteACLConfig, ["accessKey": "orders-service"])
            try tool.expect(RequestCode.updateGlobalWhiteAddresses, ["globalWhiteAddrs": "10.0.0.{1,2}"])
            let deeds = try Self.deeds(server)
            let state = "topics DENY, orders PUB; groups DENY"
            #expect(
                deeds == [
                    [
                        "acl_update", "orders-service, topicPerms orders=PUB, a secret", "no such account", state,
                        "done",
                    ],
                    [
                        "acl_delete", "nobody-here", "no such account", "no such account",
                        "there is no account with the accessKey \"nobody-here\"",
                    ],
                    ["acl_delete", "orders-service", state, "no such account", "done"],
                    ["acl_addresses", "10.0.0.{1,2}", "no addresses", "10.0.0.{1,2}", "done"],
                ])
            let entries = try Self.entries(server)
            #expect(entries.allSatisfy { $0["actor"]?.text == "administrator" && $0["proven"]?.boolean == true })
            let text = try String(contentsOfFile: server.options.dataFolder + "/audit.jsonl", encoding: .utf8)
            #expect(!text.contains("staple") && !text.contains("horse"))
        }
    }
}
