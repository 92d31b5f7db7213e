import SluiceAPI
import SluiceMessage

@testable import SluiceConsole

/// What operators' questions are answered with: gates, limits, clients, brokers, the audit.
extension World {
    /// The demo's broker with somebody at work on it.
    static let steered: World = {
        var world = World.demo
        let gates = [
            GateStatus(
                group: "billing", setting: .paused, held: 24, perSecond: 0, waiting: 1180, backwardCommits: 0),
            GateStatus(
                group: "order-landing", setting: .limited(perSecond: 2000), held: 512, perSecond: 1998,
                waiting: 82_689, backwardCommits: 1),
        ]
        world.told[.gates(group: nil)] = .gates(gates)
        for gate in gates { world.told[.gates(group: gate.group)] = .gates([gate]) }
        world.told[.publishLimits] = .publishLimits(["sms": 500, "coupon": 0.5])
        world.told[.clients] = .clients(clients)
        world.told[.brokers] = .brokers([node(0, "broker-a")])
        world.told[.audit(from: -200, limit: 200)] = .audit(audit, total: Int64(audit.count))
        world.told[.verifyAudit] = .auditVerified(
            AuditVerification(entries: 5, brokenAt: nil, problem: nil, unfinished: [5], head: hash(5)))
        world.topics += [
            topic("%DLQ%billing", queues: 1, depth: 3, kind: .deadLetter),
            topic("RMQ_SYS_TRACE_TOPIC", queues: 1, depth: 40, kind: .system),
        ]
        for index in world.groups.indices where world.groups[index].config.name == "billing" {
            world.groups[index].deadLetters = 3
        }
        for topic in world.topics where world.queuesOfTopic[topic.config.name] == nil {
            world.queuesOfTopic[topic.config.name] = [
                QueueStatus(
                    queue: 0, minOffset: 0, maxOffset: topic.depth, firstStored: start - 86_400_000,
                    lastStored: start - 40_000)
            ]
        }
        return world
    }()

    /// Two brokers of RocketMQ, one of them silent, which cannot do all.
    static let cluster: World = {
        var world = World.steered
        var silent = node(1, "broker-b")
        silent.failure = "Nobody answers at 10.0.0.9:10911: connection refused."
        silent.asOf = start - 42_000
        var first = node(0, "broker-a")
        (first.kind, first.version, first.slaves) = (.rocketmq4, "4.9.8", ["10.0.0.8:10911"])
        (silent.kind, silent.version) = (.rocketmq4, "4.9.8")
        first.runtime = ["putLatency99": "4", "remainHowManyDataToFlush": "0 B", "dispatchBehindBytes": "0"]
        world.told[.brokers] = .brokers([first, silent])
        var features = Dictionary(uniqueKeysWithValues: Feature.allCases.map { ($0, Availability.works) })
        features[.gateLimit] = .unavailable("RocketMQ delivers as fast as consumers ask: it can only be paused.")
        features[.pause] = .substitute("Pausing shuts off consuming (consumeEnable=false): clients see refusals.")
        features[.publishLimit] = .unavailable("RocketMQ has no publish limit for a topic.")
        features[.audit] = .substitute("kept beside this console, not with the brokers")
        features[.clients] = .unavailable("This cluster does not say who is connected to it.")
        world.told[.features] = .features(features)
        world.queuesOfTopic["orders"] = [0, 1, ClusterQueue.number(broker: 1, queue: 0)].map {
            QueueStatus(queue: $0, minOffset: 0, maxOffset: 900, firstStored: start - 5000, lastStored: start - 400)
        }
        world.queuesOfGroup["order-landing"] = [0, 1, ClusterQueue.number(broker: 1, queue: 0)].map {
            GroupQueueStatus(
                id: QueueID("orders", $0), minOffset: 0, maxOffset: 900, offset: 640, client: "10.0.0.5@4711",
                behind: 41_000, lastMoved: start - 900)
        }
        return world
    }()

    static func node(_ index: Int, _ name: String) -> BrokerNode {
        var node = BrokerNode(
            index: index, name: name, cluster: "DefaultCluster", address: index == 0 ? "" : "10.0.0.9:10911",
            kind: .sluice, version: "0.1.0", asOf: start - 400)
        (node.inPerSecond, node.outPerSecond) = (12_410, 2000)
        (node.diskUsed, node.logBytes, node.putMilliseconds) = (0.56, 4_400_000_000, 0.21)
        return node
    }

    private static let clients: [ConnectedClient] = {
        func client(
            _ id: String, _ address: String, _ language: String, _ version: Int, _ group: String,
            _ role: ConnectedClient.Role, _ topics: [String: String] = [:]
        ) -> ConnectedClient {
            var client = ConnectedClient(
                client: ClientStatus(
                    id: id, address: address, language: language, version: version, lastSeen: start - 12_000),
                group: group, role: role)
            client.subscriptions = topics
            client.model = role == .consumer ? .clustering : nil
            return client
        }
        return [
            client("10.0.0.5@4711", "10.0.0.5:52100", "JAVA", 409, "order-landing", .consumer, ["orders": "*"]),
            client("10.0.0.6@812", "10.0.0.6:40112", "CPP", 317, "sms-sender", .consumer, ["sms": "otp || news"]),
            client("10.0.0.5@4711", "10.0.0.5:52100", "JAVA", 409, "pay-service", .producer),
            client("结算@1", "10.0.0.9:33071", "GO", 479, "对账", .consumer, ["订单-支付": "*"]),
        ]
    }()

    private static func hash(_ number: Int) -> String {
        let digits = String(number * 7919 + 0x2A9F, radix: 16)
        return String(repeating: "c", count: 64 - digits.count) + digits
    }

    private static let audit: [AuditEntry] = {
        func entry(
            _ number: Int64, _ phase: AuditEntry.Phase, of begun: Int64? = nil, _ name: String, _ action: String,
            _ target: String, _ reason: String, _ state: String, _ outcome: String? = nil
        ) -> AuditEntry {
            AuditEntry(
                number: number, time: start - 600_000 + number * 40, phase: phase, begun: begun,
                actor: Actor(name: name, host: "ops-3", isProven: name == "wei"), action: action, target: target,
                reason: reason, state: state, outcome: outcome, previous: hash(Int(number) - 1),
                hash: hash(Int(number)))
        }
        return [
            entry(1, .before, "wei", "gate_limit", "order-landing", "the database is slow", "open"),
            entry(2, .after, of: 1, "wei", "gate_limit", "order-landing", "", "2000 a second", "done"),
            entry(3, .before, "lena", "delete_topic", "coupon", "campaign is over", "2 queues, 0 messages"),
            entry(
                4, .after, of: 3, "lena", "delete_topic", "coupon", "", "unchanged", "refused: group billing reads it"),
            entry(5, .before, "lena", "commit", "7F0000012A9F", "the bank says yes", "unresolved"),
        ]
    }()

    /// What the trace topic says of a message.
    static func trace(of id: String) -> [StoredMessage] {
        let fields: [[String]] = [
            [
                "Pub", "\(start - 60_000)", "DefaultRegion", "order-service", "orders", id, "paid", "order-1",
                "10.0.0.7:10911", "64", "3", "0", "0A00", "true",
            ],
            ["SubBefore", "\(start - 59_990)", "DefaultRegion", "billing", "R1", id, "0", "order-1"],
            ["SubAfter", "R1", id, "12", "false", "order-1", "3"],
            ["SubBefore", "\(start - 49_990)", "DefaultRegion", "billing", "R2", id, "1", "order-1"],
            ["SubAfter", "R2", id, "5", "true", "order-1", "0", "\(start - 49_985)", "billing"],
            ["Pub", "soon", "DefaultRegion", "order-service", "orders", id],
        ]
        let body = fields.map { $0.joined(separator: "\u{1}") + "\u{2}" }.joined()
        var message = message(MessageTrace.topic, 0, 7)
        message.body = Array(body.utf8)
        return [message]
    }
}
