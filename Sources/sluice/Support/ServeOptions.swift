import ArgumentParser
import Logging
import SluiceAPI
import SluiceClient
import SluiceServer

/// Where and how a broker is served: the command line over the environment over the file.
struct ServeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Address for broker requests. Default: 127.0.0.1:10911.", valueName: "host:port"))
    var listen: String?
    @Option(
        help: ArgumentHelp("What routes and message ids say. Default: the address listened on.", valueName: "host:port")
    )
    var advertise: String?
    @Option(
        help: ArgumentHelp(
            "Address for name server requests, or none. Default: 127.0.0.1:9876.", valueName: "host:port"))
    var nameServer: String?
    @Option(help: ArgumentHelp("Configuration file; --print-config shows what can be in it.", valueName: "file"))
    var config: String?
    @Option(help: "Name of the broker.") var brokerName: String?
    @Option(help: "Name of its cluster.") var cluster: String?
    @Option(help: ArgumentHelp("File of accounts and permissions.", valueName: "file")) var acl: String?
    @Option(help: ArgumentHelp("Serve Prometheus metrics and /healthz there.", valueName: "host:port"))
    var metrics: String?
    @Option(help: "What is logged: trace, debug, info, notice, warning, error, critical.") var logLevel: String?
    @Option(help: "4.9: behave like a stock broker of that version, without extensions.") var compat: String?
    @Flag(help: "Serve others than this machine although there are neither accounts nor TLS.") var allowOpen = false

    /// Something of it was given, so that a console serves.
    var isAsked: Bool { listen != nil || nameServer != nil || config != nil }

    func validate() throws {
        if let compat, compat != "4.9" { throw ValidationError("--compat '\(compat)': it is 4.9.") }
    }

    /// What is in force.
    func settings() throws(CommandFailure) -> ServeSettings {
        var settings = ServeSettings()
        try ConfigFile(asked: config).apply(to: &settings)
        let given: [(String, String?)] = [
            ("listen", listen), ("advertise", advertise), ("name_server", nameServer), ("broker_name", brokerName),
            ("cluster", cluster), ("acl", acl), ("metrics", metrics), ("log_level", logLevel),
            ("compat_4_9", compat == nil ? nil : "true"), ("allow_open", allowOpen ? "true" : nil),
        ]
        for (name, text) in given {
            guard let text, let setting = ServeSetting.all.first(where: { $0.name == name }) else { continue }
            if let reason = setting.apply(.text(text), &settings) {
                let option = String(name.map { $0 == "_" ? "-" : $0 })
                throw CommandFailure(.usage, "--\(option) '\(text)': \(reason).")
            }
        }
        try check(settings)
        return settings
    }

    private func check(_ settings: ServeSettings) throws(CommandFailure) {
        let server = settings.server
        let places = [server.listen, server.nameServer].compactMap(\.self)
        guard let open = places.first(where: { !$0.isLoopback }) else { return }
        guard settings.acl == nil, server.tls.mode != .enforcing, !settings.allowOpen else { return }
        throw CommandFailure(
            .refused,
            "\(open.text) can be reached from other machines, and there are neither accounts (--acl) nor enforced TLS: say --allow-open if that is meant."
        )
    }
}

extension ServeSettings {
    /// Options of the server on a data folder.
    func serverOptions(folder: String, durability: Durability) throws(CommandFailure) -> ServerOptions {
        var options = server
        let isAny = options.listen.host == "0.0.0.0" || options.listen.host == "localhost"
        options.advertised =
            advertise ?? SocketPlace(host: isAny ? "127.0.0.1" : options.listen.host, port: options.listen.port).text
        options.dataFolder = folder
        options.durability = durability
        if let acl {
            do throws(AccessError) {
                options.access = try AccessControl(path: acl)
            } catch {
                throw CommandFailure(.usage, "\(error)")
            }
        }
        return options
    }

    /// Options of the broker behind it.
    func embedded(_ options: ServerOptions) -> EmbeddedOptions {
        var embedded = EmbeddedOptions(
            dataFolder: options.dataFolder, durability: options.durability,
            retainBytes: retainGiB > 0 ? retainGiB << 30 : nil, retainMilliseconds: retainHours * 3_600_000)
        embedded.brokerName = options.brokerName
        embedded.cluster = options.cluster
        embedded.advertised = options.advertised
        embedded.levels = options.levels
        embedded.autoCreateTopics = options.autoCreateTopics
        embedded.isCompatible = options.isCompatible
        embedded.longestDelay = longestDelay
        embedded.delaysInMemory = delaysInMemory
        embedded.checksPerSecond = checksPerSecond
        // A server keeps less in memory than a program that has a broker to itself, and checkpoints more often for it.
        embedded.indexEntries = 1 << 18
        return embedded
    }
}
