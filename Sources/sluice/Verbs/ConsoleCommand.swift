import ArgumentParser
import SluiceClient
import SluiceConsole

/// `sluice console`, and `sluice` alone.
struct ConsoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the console on the embedded broker (the default).",
        discussion: """
            Press ? for the keys. It needs a terminal and refuses (6) without one. Themes are looked for in \
            $XDG_CONFIG_HOME/sluice/themes, then in the binary.
            """)
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var console: ConsoleOptions

    func run() throws {
        let refresh = try console.refreshMilliseconds()
        let folder = try broker.dataFolder
        let stage = try ConsoleStage(console)
        defer { stage.close() }
        let broker = try openBroker(
            EmbeddedOptions(dataFolder: folder, durability: broker.durability, create: true))
        defer { broker.close() }
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        try stage.run(admin: broker.admin, name: name, screen: .overview, refresh: refresh)
    }
}
