import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceScenarios

/// `sluice demo-part …`: a part of a scenario in a process of its own, started by `sluice demo` and of no use to people.
struct DemoPartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-part", abstract: "A part of a demonstration, started by it.", shouldDisplay: false)
    @Argument var scenario: String
    @Argument var role: String
    @Argument var dataFolder: String
    @Argument var folder: String
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        if scenario == "broker" { return try serve() }
        guard let type = ScenarioRegistry.find(scenario) else {
            throw CommandFailure(.usage, "There is no scenario '\(scenario)'.")
        }
        let broker = try AttachedBroker(dataFolder: dataFolder)
        defer { broker.close() }
        try type.run(
            part: role,
            PartContext(broker: broker, folder: folder, arguments: Array(arguments.drop { $0 == "--" })))
    }

    /// A broker that other processes attach to, until whoever started it lets go.
    private func serve() throws {
        guard let durability = Durability(rawValue: role) else {
            throw CommandFailure(.usage, "'\(role)' is no durability.")
        }
        var options = EmbeddedOptions(dataFolder: dataFolder, durability: durability, segmentBytes: 64 << 20)
        if let levels = arguments.drop(while: { $0 == "--" }).first { try options.setLevels(levels) }
        let broker = try openBroker(options)
        defer { broker.close() }
        let context = PartContext(broker: broker, folder: folder, arguments: [])
        context.say("ready")
        context.hear()
    }
}
