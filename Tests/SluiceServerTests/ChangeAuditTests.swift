import Foundation
import SluiceRemoting
import SluiceServer
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
            let text = try String(contentsOfFile: server.options.dataFolder + "/audit.jsonl", encoding: .utf8)
            let entries = try text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
            let begun = entries.filter { $0["phase"]?.text == "before" }.compactMap { $0["action"]?.text }
            #expect(
                begun == [
                    "topic_update", "group_update", "group_copy_offsets", "option_set", "group_delete", "topic_delete",
                ])
            #expect(entries.count == 12 && entries.allSatisfy { $0["proven"]?.boolean == false })
            #expect(entries.first?["host"]?.text == "127.0.0.1" && entries.first?["actor"]?.text == "unnamed")
        }
    }
}
