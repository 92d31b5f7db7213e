import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceCluster
import SluiceConsole

/// `sluice console`, and `sluice` alone.
struct ConsoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the console on the embedded broker (the default).",
        discussion: """
            With --listen or --config it serves RocketMQ's clients too, as `sluice serve` does; with --connect or --cluster \
            (without --listen) it opens on a cluster, over the network. Press ? for the keys. It needs a terminal and \
            refuses (6) without one, unless --plain is given. Themes are looked for in $XDG_CONFIG_HOME/sluice/themes, \
            then in the binary; settings, keys and alerts stand in the tables [console], [console.keys] and [alerts] of \
            $XDG_CONFIG_HOME/sluice/config.toml.
            """)
    @OptionGroup var broker: BrokerOptions
    @Option(
        help: ArgumentHelp(
            "Open the console on a cluster: name servers, or a `sluice serve`. Default: $NAMESRV_ADDR, unless a data folder is named.",
            valueName: "host:port,…"))
    var connect: String?
    @OptionGroup var security: SecurityOptions
    @OptionGroup var console: ConsoleOptions
    @OptionGroup var serving: ServeOptions
    @Option(help: ArgumentHelp("Screen to start with; as `sluice snapshot` names them.", valueName: "name"))
    var screen = "overview"
    @Flag(help: "Lines instead of a screen, again whenever something changed: for pipes and readers of screens.")
    var plain = false

    func run() throws {
        let config = try ConsoleConfig(ConfigFile(asked: serving.config))
        if let target = try target() { return try open(target, config) }
        let folder = try broker.dataFolder
        let settings = try serving.isAsked ? serving.settings() : nil
        let options = try settings?.serverOptions(folder: folder, durability: broker.durability)
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        // Signals are taken over before there is any thread.
        let watch = plain ? SignalWatch.start() : nil
        let stage = plain ? nil : try ConsoleStage(console, config)
        defer { stage?.close() }
        let broker: any BrokerAccess
        if let settings, let options {
            broker = try ServingBroker(settings, options)
        } else {
            broker = try openBroker(
                EmbeddedOptions(dataFolder: folder, durability: self.broker.durability, create: true), follows: true)
        }
        defer { broker.close() }
        let isAttached = broker is AttachedBroker
        try show(
            stage, watch, config, broker.admin, name: name, connection: isAttached ? "attached" : "embedded",
            ownsBroker: !isAttached)
    }

    /// On the terminal, or in lines where there is no stage.
    private func show(
        _ stage: ConsoleStage?, _ watch: SignalWatch?, _ config: ConsoleConfig, _ admin: any Admin, name: String,
        connection: String, colour: Colour? = nil, readOnly: Bool = false, ownsBroker: Bool = false
    ) throws {
        if let stage {
            try stage.run(
                admin: admin, name: name, place: screen, connection: connection, colour: colour,
                readOnly: readOnly, ownsBroker: ownsBroker)
        } else if let watch {
            let settings = try console.settings(
                config, name: name, theme: console.theme(config).theme, isUnicode: true, connection: connection,
                readOnly: readOnly)
            try PlainConsole(settings: settings, place: screen, admin: admin).run(watch)
        }
    }

    /// The cluster to look at; nil for a broker of this machine. `--cluster` names one of the configuration file, but
    /// for a console that serves, which belongs to it.
    private func target() throws(CommandFailure) -> ClusterTarget? {
        let serves = serving.listen != nil || serving.nameServer != nil
        if serves || (serving.config != nil && serving.cluster == nil) {
            guard connect == nil else {
                throw CommandFailure(
                    .usage, "A console on a cluster does not serve: leave --listen, --name-server and --config out.")
            }
            if security.isTLS { throw SecurityOptions.noCluster }
            return nil
        }
        return try ClusterTarget.find(
            connect: connect, cluster: serving.cluster, config: serving.config, data: broker.data,
            security: security)
    }

    private func open(_ target: ClusterTarget, _ config: ConsoleConfig) throws {
        let watch = plain ? SignalWatch.start() : nil
        // Who looks on a screen waits for a broker that comes back no longer than this.
        var target = target
        target.network.backoff.mostMilliseconds = 1_000
        // Before the screen is taken: nobody there is said in one line.
        let cluster = try target.open()
        defer { cluster.close() }
        let stage = plain ? nil : try ConsoleStage(console, config)
        defer { stage?.close() }
        try show(
            stage, watch, config, cluster.admin, name: target.name, connection: "cluster", colour: target.colour,
            readOnly: target.readOnly != nil)
    }
}

/// The console in lines on standard output.
struct PlainConsole {
    let settings: ConsoleSettings
    let place: String
    let admin: any Admin

    /// Prints a report whenever one differs from the last, until a signal or the reader ends it.
    func run(_ watch: SignalWatch) throws {
        var model = ConsoleModel(settings: settings)
        guard model.open(place) else { throw CommandFailure(.usage, unknownPlace(place)) }
        let runner = EffectRunner(admin: admin, readOnly: settings.readOnly)
        var last: [String]?
        var lastTime: Int64 = 0
        while watch.received == nil, !Output.readerIsGone {
            model = try settled(model, runner, [.resize(SnapshotSize.standard), .tick(now: TimeText.now)])
            let report = model.plainReport()
            // That time goes on is news once a minute only.
            let news = report.dropFirst().map(Self.withoutAges)
            if news != last || TimeText.now - lastTime >= 60_000 {
                var output = Output()
                output.write((last == nil ? "" : "\n") + report.joined(separator: "\n") + "\n")
                try output.flush()
                (last, lastTime) = (news, TimeText.now)
            }
            watch.wait(milliseconds: settings.refreshInterval)
        }
        try watch.throwIfReceived()
        throw CommandFailure(.closedPipe, "")
    }

    /// A line without `12 s`, `4m10s`, `2h01m` and the like.
    static func withoutAges(_ line: String) -> String {
        var words: [String] = []
        for word in line.split(separator: " ").map({ $0.filter { $0 != "," && $0 != ")" } }) {
            if word == "s", words.last?.last?.isNumber == true {
                words.removeLast()
                continue
            }
            let isAge =
                word.first?.isNumber == true && word.contains { $0.isLetter }
                && word.allSatisfy { $0.isNumber || "dhms".contains($0) }
            if !isAge { words.append(word) }
        }
        return words.joined(separator: " ")
    }
}

/// The model once what it asked because of these events has been answered.
func settled(_ model: ConsoleModel, _ runner: EffectRunner, _ events: [Event]) throws -> ConsoleModel {
    try blocking {
        var model = model
        await model.settle(events, by: runner)
        return model
    }
}
