import ArgumentParser
import Glibc
import SluiceAPI
import SluiceConsole
import SluiceTerminal

/// How a console looks and behaves.
struct ConsoleOptions: ParsableArguments {
    @Option(help: "Theme by name: the user's folder first, then those in the binary. Default: $SLUICE_THEME.")
    var theme: String?
    @Flag(help: "Refuse whatever changes something.") var readOnly = false
    @Flag(help: "No colours; $NO_COLOR does the same.") var noColor = false
    @Flag(help: "Leave the mouse to the terminal.") var noMouse = false
    @Option(help: ArgumentHelp("Time between two refreshes, 100ms to 1h. Default: 1s.", valueName: "duration"))
    var refresh: String?

    func validate() throws { _ = try refreshMilliseconds() }

    /// What was asked for here, else what the configuration says.
    func refreshMilliseconds(_ config: ConsoleConfig = ConsoleConfig()) throws -> Int64 {
        guard let refresh else { return config.refresh ?? 1000 }
        guard let span = TimeInput.duration(refresh), (100...3_600_000).contains(span) else {
            throw ValidationError("Refresh '\(refresh)': it is a duration of 100ms to 1h.")
        }
        return span
    }

    func terminal(_ config: ConsoleConfig) -> TerminalOptions {
        var options = TerminalOptions.fromEnvironment()
        if noColor { options.colour = false }
        if noMouse || !config.mouse { options.mouse = false }
        return options
    }

    /// What a console is started with.
    func settings(
        _ config: ConsoleConfig, name: String, theme: Theme, isUnicode: Bool, connection: String,
        readOnly isReadOnlyThere: Bool = false, ownsBroker: Bool = false
    ) throws -> ConsoleSettings {
        let now = TimeText.now
        var settings = ConsoleSettings(
            connection: connection, name: name, readOnly: readOnly || config.readOnly || isReadOnlyThere,
            refreshInterval: try refreshMilliseconds(config), theme: theme,
            glyphs: isUnicode && config.unicode ? .braille : .ascii, utcOffset: TimeText.utcOffset(at: now), now: now)
        settings.alerts = config.alerts
        settings.keymap = config.keymap
        settings.localeLanguage = isUnicode ? Self.localeLanguage() : .english
        settings.language = config.language.flatMap { Language(rawValue: $0) } ?? settings.localeLanguage
        settings.ownsBroker = ownsBroker
        return settings
    }

    /// What the locale says. The kernel's own console has no glyphs for Chinese.
    private static func localeLanguage() -> Language {
        let name = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(environmentValue).first ?? "C"
        return environmentValue("TERM") == "linux" ? .english : Language(locale: name)
    }

    /// The theme asked for, and what was wrong with it.
    func theme(_ config: ConsoleConfig) -> (theme: Theme, problem: String?) {
        UserFolders.themes.load(theme ?? environmentValue("SLUICE_THEME") ?? config.theme ?? Theme.builtIn[0])
    }
}

/// The terminal taken over for a console that is about to start: its first bytes go out before anything is opened.
struct ConsoleStage {
    let options: ConsoleOptions
    let config: ConsoleConfig
    let theme: Theme
    /// What was wrong with the theme asked for.
    let problem: String?
    let terminal: Terminal

    init(_ options: ConsoleOptions, _ config: ConsoleConfig) throws(CommandFailure) {
        self.options = options
        self.config = config
        (theme, problem) = options.theme(config)
        do throws(TerminalError) {
            terminal = try Terminal(options.terminal(config), base: theme[.text])
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Runs the console until the user leaves or a signal ends it.
    ///
    /// - Parameters:
    ///   - name: what it looks at, for the title.
    ///   - place: where it starts, as ``ConsoleModel/open(_:)`` knows it.
    ///   - colour: what marks the cluster in the header.
    ///   - ownsBroker: leaving ends the broker, and so asks first when it has clients.
    ///   - prepare: is handed the way to post events before the console starts.
    func run(
        admin: any Admin, name: String, place: String, connection: String = "embedded", colour: Colour? = nil,
        readOnly: Bool = false,
        ownsBroker: Bool = false, canStartScenarios: Bool = false,
        prepare: (_ post: @escaping @Sendable (Event) -> Void) -> Void = { _ in },
        onScenarioKey: @escaping @Sendable (Character) -> Void = { _ in },
        onScenarioStart: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        var settings = try options.settings(
            config, name: name, theme: theme, isUnicode: terminal.isUnicode, connection: connection,
            readOnly: readOnly, ownsBroker: ownsBroker)
        settings.colour = colour
        settings.scenarios = ScenarioEntry.all
        settings.canStartScenarios = canStartScenarios
        var model = ConsoleModel(settings: settings)
        guard model.open(place) else { throw CommandFailure(.usage, unknownPlace(place)) }
        let status: Int32
        do throws(TerminalError) {
            let session = try ConsoleSession(
                model: model,
                runner: EffectRunner(
                    admin: admin, themes: UserFolders.themes, templates: UserFolders.templates,
                    readOnly: settings.readOnly, viewFolder: UserFolders.views),
                options: options.terminal(config), terminal: terminal, onScenarioKey: onScenarioKey,
                onScenarioStart: onScenarioStart)
            if problem != nil { session.post(.answer(.theme(theme, problem: problem))) }
            prepare(session.post)
            status = try session.run()
        } catch {
            throw CommandFailure(error)
        }
        if status > 128 { throw CommandFailure(signal: status - 128) }
    }

    /// Gives the terminal back, if the console has not yet.
    func close() { terminal.close() }
}

extension CommandFailure {
    init(_ error: TerminalError) {
        self.init(error.code == .system ? .failed : .refused, error.message)
    }
}

/// What a screen that is not there is answered with.
func unknownPlace(_ name: String) -> String {
    "There is no screen \(TextSanitiser.sanitise(name)); there are \(ConsoleModel.placeNames.joined(separator: ", "))."
}

/// Where a user keeps what is the console's.
enum UserFolders {
    /// Where the user's own themes are.
    static var themeFolder: String? { folder("XDG_CONFIG_HOME", ".config", "themes") }
    static var themes: ThemeLibrary { ThemeLibrary(userFolder: themeFolder) }
    static var templates: TemplateLibrary {
        TemplateLibrary(folder: folder("XDG_CONFIG_HOME", ".config", "templates"))
    }
    static var views: String? { folder("XDG_STATE_HOME", ".local/state", "views") }

    private static func folder(_ variable: String, _ byDefault: String, _ name: String) -> String? {
        if let folder = environmentValue(variable), folder.hasPrefix("/") { return "\(folder)/sluice/\(name)" }
        return environmentValue("HOME").map { "\($0)/\(byDefault)/sluice/\(name)" }
    }
}
