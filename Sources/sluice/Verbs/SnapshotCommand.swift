import ArgumentParser
import Glibc
import SluiceClient
import SluiceConsole

/// `sluice snapshot`: a screen of the console, without a terminal.
struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Print a screen of the console as text, or draw it as SVG.",
        discussion: """
            Screens: \(ConsoleModel.placeNames.joined(separator: ", ")).

            It waits for the screen's data, not for time. With --rates it looks twice, a second apart, so that there are \
            rates of topics and groups. Ends with 3 when there is no such topic or group.
            """)
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var console: ConsoleOptions
    @Argument(help: ArgumentHelp("Which screen.", valueName: "screen")) var screen: String
    @Option(help: ArgumentHelp("Columns and rows.", valueName: "columns×rows")) var size = SnapshotSize.text
    @Option(help: ArgumentHelp("Draw into this new file; - is standard output.", valueName: "file")) var svg: String?
    @Flag(help: "Replace the file when it is there.") var replace = false
    @Flag(help: "Lines for readers of screens instead of the screen.") var plain = false
    @Flag(help: "ASCII only.") var ascii = false
    @Flag(help: "Look twice, a second apart.") var rates = false

    func validate() throws {
        guard SnapshotSize(size) != nil else {
            throw ValidationError("Size '\(size)': it is COLUMNSxROWS, 60x15 to 1000x1000.")
        }
    }

    func run() throws {
        guard let size = SnapshotSize(size)?.size else { return }
        let config = try ConsoleConfig(ConfigFile(asked: nil))
        let folder = try broker.dataFolder
        let (theme, problem) = console.theme(config)
        if let problem { throw CommandFailure(.usage, problem) }
        let access = try broker.openExisting()
        defer { access.close() }
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        let settings = try console.settings(
            config, name: name, theme: theme, isUnicode: !ascii,
            connection: access is AttachedBroker ? "attached" : "embedded")
        var model = ConsoleModel(settings: settings)
        guard model.open(screen) else { throw CommandFailure(.usage, unknownPlace(screen)) }
        let runner = EffectRunner(admin: access.admin, readOnly: true)
        for look in 0..<(rates ? 2 : 1) {
            if look > 0 { sleep(1) }
            model = try settled(model, runner, [.resize(size), .tick(now: TimeText.now)])
        }
        if let problem = model.problem { throw CommandFailure(problem) }
        try write(model, size)
    }

    private func write(_ model: ConsoleModel, _ size: Size) throws(CommandFailure) {
        let view = model.view(size)
        if let svg {
            if replace, svg != "-" { unlink(svg) }
            var file = svg == "-" ? Output() : try Output(newFile: svg)
            file.write(view.svg(title: "sluice \(screen)"))
            try file.flush()
            if svg == "-" { return }
        }
        guard svg == nil || plain else { return }
        var output = Output()
        output.write(plain ? model.plainReport(rows: 10_000).joined(separator: "\n") + "\n" : view.text() + "\n")
        try output.flush()
    }
}

/// Columns and rows as `120x40`.
struct SnapshotSize {
    let size: Size
    static let text = "120x40"
    static let standard = Size(width: 120, height: 40)

    init?(_ text: String) {
        let parts = text.split { $0 == "x" || $0 == "×" }.map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1], (60...1000).contains(width),
            (15...1000).contains(height)
        else { return nil }
        size = Size(width: width, height: height)
    }
}

extension BrokerOptions {
    /// Opens the data folder's broker to look at it, or attaches to its owner; a folder that is not there is not made.
    func openExisting() throws(CommandFailure) -> any BrokerAccess {
        let folder = try dataFolder
        if access(folder, F_OK) != 0, errno == ENOENT {
            throw CommandFailure(
                .notFound, "There is no data folder at \(folder) yet; publishing or the console makes one.")
        }
        return try openBrokerToRead(EmbeddedOptions(dataFolder: folder, durability: durability, create: false))
    }
}
