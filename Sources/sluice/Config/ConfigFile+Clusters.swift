import SluiceCluster
import SluiceConsole
import TOMLKit

/// Named clusters: `[clusters.NAME]`.
extension ConfigFile {
    private static let clusterKeys: Set<String> = [
        "addresses", "read_only", "colour", "access_key_env", "secret_key_env", "credentials_file", "tls",
        "tls_trust", "tls_verify",
    ]

    /// - Throws: `.notFound` when the file has no such cluster, `.usage` naming the line of a setting that is wrong.
    func cluster(_ name: String) throws(CommandFailure) -> ClusterTarget {
        guard let path else {
            throw CommandFailure(.notFound, "There is no configuration file, so there is no cluster \(name).")
        }
        guard let table = table?["clusters"]?.table?[name]?.table else {
            let names = self.table?["clusters"]?.table?.keys.sorted().joined(separator: ", ") ?? ""
            throw CommandFailure(
                .notFound, "\(path) has no cluster \(name); it has \(names.isEmpty ? "none" : names).")
        }
        for key in table.keys.sorted() where !Self.clusterKeys.contains(key) {
            throw problem("clusters.\(name)", key, "there is no setting \(key) of a cluster")
        }
        let given = table["addresses"]?.array.map { $0.compactMap(\.string) } ?? table["addresses"]?.string.map { [$0] }
        let addresses = (given ?? []).flatMap(ClusterTarget.list)
        guard !addresses.isEmpty else {
            throw problem("clusters.\(name)", "addresses", "cluster \(name) needs addresses, a list of host:port")
        }
        var target = ClusterTarget(name: name, network: NetworkOptions(nameServers: addresses))
        if try flag(table, "read_only", name) ?? false { target.readOnly = "cluster \(name) is read-only by \(path)" }
        if let text = try text(table, "colour", name) {
            guard let colour = Colour(text) else {
                throw problem("clusters.\(name)", "colour", "\(text) is no colour: it is #rrggbb or a name as red")
            }
            target.colour = colour
        }
        target.network.credentials = try credentials(table, name)
        if try flag(table, "tls", name) ?? false {
            target.network.tls = NetworkTLS(
                trust: try text(table, "tls_trust", name), verifies: try flag(table, "tls_verify", name) ?? true)
        }
        return target
    }

    private func credentials(_ table: TOMLTable, _ name: String) throws(CommandFailure) -> Credentials? {
        if let file = try text(table, "credentials_file", name) {
            let content = String(decoding: try InputFile(path: file).readAll(limit: 64 << 10), as: UTF8.self)
            guard let inner = try? TOMLTable(string: content), let key = inner["access_key"]?.string,
                let secret = inner["secret_key"]?.string
            else { throw CommandFailure(.usage, "\(file): it needs access_key and secret_key, as TOML.") }
            return Credentials(accessKey: key, secretKey: secret, securityToken: inner["security_token"]?.string)
        }
        let keyName = try text(table, "access_key_env", name)
        let secretName = try text(table, "secret_key_env", name)
        guard keyName != nil || secretName != nil else { return nil }
        guard let keyName, let secretName else {
            throw problem(
                "clusters.\(name)", keyName == nil ? "secret_key_env" : "access_key_env",
                "access_key_env and secret_key_env go together")
        }
        guard let key = environmentValue(keyName), let secret = environmentValue(secretName) else {
            throw CommandFailure(
                .usage, "Cluster \(name) takes its key from $\(keyName) and $\(secretName), which are not both set.")
        }
        return Credentials(accessKey: key, secretKey: secret)
    }

    private func text(_ table: TOMLTable, _ key: String, _ name: String) throws(CommandFailure) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else { throw problem("clusters.\(name)", key, "\(key) is a text in quotes") }
        return text
    }

    private func flag(_ table: TOMLTable, _ key: String, _ name: String) throws(CommandFailure) -> Bool? {
        guard let value = table[key] else { return nil }
        guard let flag = value.bool else { throw problem("clusters.\(name)", key, "\(key) is true or false") }
        return flag
    }
}
