import SluiceAPI

// MARK: Rows of dead letters, clients, brokers and the audit
extension ConsoleModel {
    func deadLetterRows() -> [Row] {
        let items = deadLetterGroups
        let name = { (group: GroupSummary) in group.config.name }
        let shown = filtered(items, name)
        let sorted =
            list.sort == .name
            ? ordered(shown, items, name: name, by: name)
            : ordered(shown, items, name: name) { list.sort == .depth ? $0.deadLetters : -$0.deadLetters }
        return sorted.map { Row(id: items[$0].config.name, index: $0) }
    }

    func clientRows() -> [Row] {
        let items = clients
        let id = { (client: ConnectedClient) in "\(client.client.id) \(client.group) \(client.role.rawValue)" }
        var shown = filtered(items) { client in
            "\(id(client)) \(client.client.address) \(client.client.language) "
                + "\(ClientsScreen.version(client.client.version)) \(client.subscriptions.keys.joined(separator: " "))"
        }
        switch list.sort {
        case .group: shown = ordered(shown, items, name: id) { $0.group }
        case .address: shown = ordered(shown, items, name: id) { $0.client.address }
        case .language: shown = ordered(shown, items, name: id) { $0.client.language }
        case .version: shown = ordered(shown, items, name: id) { $0.client.version }
        default: shown = ordered(shown, items, name: id, by: id)
        }
        return shown.map { Row(id: id(items[$0]), index: $0) }
    }

    func brokerRows() -> [Row] {
        let items = brokers
        return filtered(items) { "\($0.name) \($0.cluster) \($0.address) \($0.version)" }.map {
            Row(id: "\(items[$0].index) \(items[$0].name)", index: $0)
        }
    }

    func auditRows() -> [Row] {
        let items = deeds
        return filtered(items) { $0.text }.map { Row(id: items[$0].id, index: $0) }
    }
}
