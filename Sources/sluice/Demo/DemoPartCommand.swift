import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceScenarios
import SluiceServer

/// `sluice demo-part …`: a part of a scenario in a process of its own, started by `sluice demo` and of no use to people.
struct DemoPartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-part", abstract: "A part of a demonstration, started by it.", shouldDisplay: false)
    @Option var data: String?
    @OptionGroup var network: ConnectOptions
    @Argument var scenario: String
    @Argument var role: String
    @Argument var folder: String
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    private var words: [String] { Array(arguments.drop { $0 == "--" }) }

    func run() throws {
        if scenario == "broker" { return try serve() }
        guard let type = ScenarioRegistry.find(scenario) else {
            throw CommandFailure(.usage, "There is no scenario '\(scenario)'.")
        }
        let broker = try open()
        defer { broker.close() }
        try type.run(part: role, PartContext(broker: broker, folder: folder, arguments: words))
    }

    private func open() throws -> any BrokerAccess {
        if let data { return try AttachedBroker(dataFolder: data) }
        guard
            let target = try ClusterTarget.find(
                connect: network.connect, cluster: network.cluster, config: network.config, data: nil,
                security: network.security)
        else { throw CommandFailure(.usage, "Where is the broker: --data, --connect or --cluster?") }
        return try target.open()
    }

    /// A broker that other processes attach to, and reach over the network where a port is given, until whoever started
    /// it lets go.
    private func serve() throws {
        guard let durability = Durability(rawValue: role), let port = words.first.flatMap({ Int($0) }),
            (0...65_535).contains(port)
        else { throw CommandFailure(.usage, "demo-part broker DURABILITY FOLDER -- PORT [LEVELS]") }
        let broker = try openBroker(durability, port, levels: words.dropFirst().first)
        defer { broker.close() }
        let context = PartContext(broker: broker, folder: folder, arguments: [])
        context.say("ready")
        context.hear()
    }

    private func openBroker(_ durability: Durability, _ port: Int, levels: String?) throws -> any BrokerAccess {
        var options = EmbeddedOptions(dataFolder: folder, durability: durability, segmentBytes: 64 << 20)
        if let levels { try options.setLevels(levels) }
        guard port > 0 else { return try sluice.openBroker(options) }
        var settings = ServeSettings()
        settings.server.listen = SocketPlace(host: "127.0.0.1", port: port)
        settings.server.nameServer = settings.server.listen
        settings.server.levels = options.levels
        return try ServingBroker(settings, settings.serverOptions(folder: folder, durability: durability))
    }
}
