import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage

/// Who speaks over which connection, as heartbeats say. Confined to the event loop.
final class ClientTable {
    /// A consumer group as its clients last described it: the broker keeps one table of subscriptions a group, and each
    /// heartbeat replaces it (semantics, 9).
    struct ConsumerGroup {
        struct Entry {
            var topic: String
            var subscription: Subscription
            var filter: MessageFilter
        }
        var subscriptions: [String: Entry] = [:]
        var model = MessageModel.clustering
        var consumeType = "CONSUME_PASSIVELY"
        var consumeFrom = "CONSUME_FROM_LAST_OFFSET"
        var members: [String: RemotingConnection] = [:]
    }

    private(set) var groups: [String: ConsumerGroup] = [:]
    private var connections: [String: RemotingConnection] = [:]
    private var producerGroups: [String: Set<String>] = [:]
    private var lastHeartbeat: [String: NIODeadline] = [:]

    func connection(of client: String) -> RemotingConnection? { connections[client] }

    /// The client of a connection that is in a group; nil when there is none.
    func client(of connection: RemotingConnection, in group: String) -> String? {
        connection.clients.first { groups[group]?.members[$0] === connection }
    }

    func seen(_ client: String, over connection: RemotingConnection) {
        if let before = connections[client], before !== connection { before.clients.remove(client) }
        connections[client] = connection
        connection.clients.insert(client)
        lastHeartbeat[client] = .now()
    }

    func consumer(_ client: String, _ name: String, over connection: RemotingConnection, _ group: ConsumerGroup) {
        var group = group
        let before = groups[name]
        group.members = before?.members ?? [:]
        // Members share queues out at different moments, and the newest version is the one that all of them may pull by.
        group.subscriptions = group.subscriptions.mapValues { entry in
            guard let known = before?.subscriptions[entry.topic],
                known.subscription.version > entry.subscription.version
            else { return entry }
            return known
        }
        group.members[client] = connection
        groups[name] = group
    }

    func producer(_ client: String, _ group: String) { producerGroups[client, default: []].insert(group) }

    /// True when the client sent a heartbeat with this producer group before.
    func isKnown(_ client: String, producer group: String) -> Bool { producerGroups[client]?.contains(group) == true }

    /// Takes a client out of one group of each kind.
    func leave(_ client: String, consumerGroup: String?, producerGroup: String?) {
        if let producerGroup { producerGroups[client]?.remove(producerGroup) }
        guard let name = consumerGroup else { return }
        groups[name]?.members[client] = nil
        if groups[name]?.members.isEmpty == true { groups[name] = nil }
    }

    /// Forgets a client whose connection is gone; false when it speaks over another one by now.
    func forget(_ client: String, over connection: RemotingConnection) -> Bool {
        guard connections[client] === connection else { return false }
        connections[client] = nil
        lastHeartbeat[client] = nil
        producerGroups[client] = nil
        for name in groups.keys { leave(client, consumerGroup: name, producerGroup: nil) }
        return true
    }

    /// Connections of clients that sent no heartbeat since then.
    func silent(since moment: NIODeadline) -> [RemotingConnection] {
        lastHeartbeat.filter { $0.value < moment }.compactMap { connections[$0.key] }
    }
}
