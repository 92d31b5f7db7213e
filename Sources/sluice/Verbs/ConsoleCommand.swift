import ArgumentParser
import SluiceClient
import SluiceConsole

/// `sluice console`, and `sluice` alone.
struct ConsoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the console on the embedded broker (the default).",
        discussion: """
            With --listen or --config it serves RocketMQ's clients too, as `sluice serve` does. Press ? for the keys. It needs a terminal and refuses (6) without one. Themes are looked for in \
            $XDG_CONFIG_HOME/sluice/themes, then in the binary.
            """)
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var console: ConsoleOptions
    @OptionGroup var serving: ServeOptions

    func run() throws {
        let refresh = try console.refreshMilliseconds()
        let folder = try broker.dataFolder
        let settings = try serving.isAsked ? serving.settings() : nil
        let options = try settings?.serverOptions(folder: folder, durability: broker.durability)
        let stage = try ConsoleStage(console)
        defer { stage.close() }
        let broker: any BrokerAccess
        if let settings, let options {
            broker = try ServingBroker(settings, options)
        } else {
            broker = try openBroker(
                EmbeddedOptions(dataFolder: folder, durability: self.broker.durability, create: true))
        }
        defer { broker.close() }
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        try stage.run(admin: broker.admin, name: name, screen: .overview, refresh: refresh)
    }
}
