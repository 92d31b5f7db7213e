import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceCluster
import SluiceConsole

/// Which cluster, in place of a data folder.
struct ConnectOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Work over the network: name servers of a RocketMQ cluster, or a `sluice serve`. Default: $NAMESRV_ADDR, unless a data folder is named.",
            valueName: "host:port,…"))
    var connect: String?
    @Option(help: ArgumentHelp("Work over the network with a cluster of the configuration file.", valueName: "name"))
    var cluster: String?
    @Option(help: ArgumentHelp("Configuration file with the cluster.", valueName: "file")) var config: String?
    @OptionGroup var security: SecurityOptions
}

/// How a cluster is spoken to.
struct SecurityOptions: ParsableArguments {
    @Flag(help: "Speak TLS to the cluster.") var tls = false
    @Option(
        help: ArgumentHelp(
            "Certificates to trust in place of the system's, as PEM; speaks TLS.", valueName: "file"))
    var tlsTrust: String?

    var isTLS: Bool { tls || tlsTrust != nil }
    /// Asked for where no cluster is spoken to.
    static let noCluster = CommandFailure(
        .usage, "TLS is spoken to a cluster: name one with --connect or --cluster.")
}

/// A cluster to connect to, and what is allowed there.
struct ClusterTarget {
    /// For titles and sentences.
    var name: String
    var network: NetworkOptions
    /// Why nothing may be changed there; nil where it may.
    var readOnly: String?
    /// What marks it in a console.
    var colour: Colour?

    /// What the command line, the configuration or the environment names; nil when none does.
    static func find(
        connect: String?, cluster: String?, config: String?, data: String?, security: SecurityOptions
    ) throws(CommandFailure) -> ClusterTarget? {
        let found = try find(connect: connect, cluster: cluster, config: config, data: data)
        guard security.isTLS else { return found }
        guard var target = found else { throw SecurityOptions.noCluster }
        var tls = target.network.tls ?? NetworkTLS()
        if let trust = security.tlsTrust { (tls.trust, tls.verifies) = (trust, true) }
        target.network.tls = tls
        return target
    }

    private static func find(
        connect: String?, cluster: String?, config: String?, data: String?
    ) throws(CommandFailure) -> ClusterTarget? {
        let given = [connect.map { _ in "--connect" }, cluster.map { _ in "--cluster" }, data.map { _ in "--data" }]
            .compactMap(\.self)
        guard given.count <= 1 else {
            throw CommandFailure(.usage, "Give one of \(given.joined(separator: " and ")).")
        }
        if let cluster { return try ConfigFile(asked: config).cluster(cluster) }
        if let connect { return try ClusterTarget(addresses: connect, source: "--connect") }
        guard data == nil, environmentValue("SLUICE_DATA") == nil, let text = environmentValue("NAMESRV_ADDR") else {
            return nil
        }
        return try ClusterTarget(addresses: text, source: "NAMESRV_ADDR")
    }

    init(name: String, network: NetworkOptions) {
        self.name = name
        self.network = network
    }

    /// - Parameter addresses: `host:port`, several separated by `,` or `;`.
    private init(addresses: String, source: String) throws(CommandFailure) {
        let list = Self.list(addresses)
        guard !list.isEmpty else {
            throw CommandFailure(.usage, "\(source) names no address: it has the form host:port.")
        }
        name = list[0]
        network = NetworkOptions(nameServers: list)
        if let key = environmentValue("SLUICE_ACCESS_KEY"), let secret = environmentValue("SLUICE_SECRET_KEY") {
            network.credentials = Credentials(accessKey: key, secretKey: secret)
        }
    }

    static func list(_ addresses: String) -> [String] {
        addresses.split { $0 == "," || $0 == ";" || $0 == " " }.map(String.init)
    }

    /// Connects. Ends with 5 when nobody answers.
    func open() throws -> any BrokerAccess {
        let readOnly = readOnly
        var options = network
        if let state = environmentValue("XDG_STATE_HOME"), state.hasPrefix("/") {
            options.stateFolder = state + "/sluice"
        } else {
            options.stateFolder = environmentValue("HOME").map { $0 + "/.local/state/sluice" }
        }
        let network = options
        return try blocking { try await ClusterAccess(network, readOnly: readOnly) }
    }
}
