import SluiceAPI
import SluiceMessage

/// Who is connected, and this broker as the one node of its cluster.
extension Broker {
    /// Consumers by group, then producers; in the order of their names.
    func connectedClients() -> [ConnectedClient] {
        let consumers = groups.values.flatMap { group in
            group.members.values.map { member in
                connected(member.registration, lastSeen: member.lastSeen, group: group.name, .consumer)
            }
        }
        let producers = producers(nil).map { registration in
            connected(registration, lastSeen: 0, group: registration.producerGroup ?? "", .producer)
        }
        return (consumers + producers).sorted {
            ($0.role.rawValue, $0.group, $0.client.id) < ($1.role.rawValue, $1.group, $1.client.id)
        }
    }

    private func connected(
        _ registration: Registration, lastSeen: Int64, group: String, _ role: ConnectedClient.Role
    ) -> ConnectedClient {
        var client = ConnectedClient(
            client: ClientStatus(
                id: registration.client, address: registration.address, language: registration.language,
                version: registration.version, lastSeen: lastSeen),
            group: group, role: role)
        if role == .consumer {
            client.subscriptions = registration.subscriptions.mapValues(\.expression)
            client.model = registration.model
        }
        return client
    }

    /// This broker as a line of the brokers screen; its rates are over the last ten seconds.
    func node() -> BrokerNode {
        let status = status()
        var node = BrokerNode(
            index: 0, name: status.name, cluster: status.cluster, address: options.host.text, kind: .sluice,
            version: status.version, asOf: now)
        let recent = flow.since(now - 11_000)
        if let first = recent.first, let last = recent.last, last.time > first.time {
            let seconds = Double(last.time - first.time) / 1_000
            node.inPerSecond = Double(last.published - first.published) / seconds
            node.outPerSecond = Double(last.consumed - first.consumed) / seconds
        }
        if status.diskTotalBytes > 0 {
            node.diskUsed = 1 - Double(status.diskFreeBytes) / Double(status.diskTotalBytes)
        }
        node.logBytes = status.logBytes
        return node
    }
}
