import ArgumentParser
import Logging
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceServer

/// Where and how a broker is served.
struct ServeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Address for broker requests.", valueName: "host:port"))
    var listen: String?
    @Option(
        help: ArgumentHelp("What routes and message ids say. Default: the address listened on.", valueName: "host:port")
    )
    var advertise: String?
    @Option(help: ArgumentHelp("Address for name server requests; none leaves that role away.", valueName: "host:port"))
    var nameServer: String?
    @Option(help: "Name of the broker.") var brokerName: String?
    @Option(help: "Name of its cluster.") var cluster: String?
    @Option(help: "What is logged: trace, debug, info, notice, warning, error, critical.") var logLevel: String?

    var logger: Logger {
        var logger = Logger(label: "sluice") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel.flatMap { Logger.Level(rawValue: $0) } ?? .info
        return logger
    }

    func serverOptions(folder: String, durability: Durability) throws -> ServerOptions {
        var options = ServerOptions()
        if let listen { options.listen = try Self.place(listen, "listen") }
        if let nameServer {
            options.nameServer = nameServer == "none" ? nil : try Self.place(nameServer, "name-server")
        }
        let host =
            options.listen.host == "0.0.0.0" || options.listen.host == "localhost" ? "127.0.0.1" : options.listen.host
        options.advertised = "\(host):\(options.listen.port)"
        if let advertise { options.advertised = try Self.place(advertise, "advertise").text }
        if let brokerName { options.brokerName = brokerName }
        if let cluster { options.cluster = cluster }
        options.dataFolder = folder
        options.durability = durability
        return options
    }

    func embedded(_ options: ServerOptions) -> EmbeddedOptions {
        var embedded = EmbeddedOptions(dataFolder: options.dataFolder, durability: options.durability)
        embedded.brokerName = options.brokerName
        embedded.cluster = options.cluster
        embedded.advertised = options.advertised
        embedded.levels = options.levels
        embedded.autoCreateTopics = options.autoCreateTopics
        return embedded
    }

    private static func place(_ text: String, _ option: String) throws -> SocketPlace {
        guard let place = SocketPlace(text) else {
            throw ValidationError("--\(option) '\(text)': it is HOST:PORT, such as 127.0.0.1:10911.")
        }
        return place
    }
}
