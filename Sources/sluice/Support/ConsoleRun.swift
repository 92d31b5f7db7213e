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
    @Option(help: ArgumentHelp("Time between two refreshes, 100ms to 1h.", valueName: "duration"))
    var refresh = "1s"

    func validate() throws { _ = try refreshMilliseconds() }

    func refreshMilliseconds() throws -> Int64 {
        guard let span = TimeInput.duration(refresh), (100...3_600_000).contains(span) else {
            throw ValidationError("Refresh '\(refresh)': it is a duration of 100ms to 1h.")
        }
        return span
    }

    var terminal: TerminalOptions {
        var options = TerminalOptions.fromEnvironment()
        if noColor { options.colour = false }
        if noMouse { options.mouse = false }
        return options
    }
}

/// The terminal taken over for a console that is about to start: its first bytes go out before anything is opened.
struct ConsoleStage {
    let options: ConsoleOptions
    let themes: ThemeLibrary
    let theme: Theme
    /// What was wrong with the theme asked for.
    let problem: String?
    let terminal: Terminal

    init(_ options: ConsoleOptions) throws(CommandFailure) {
        self.options = options
        themes = ThemeLibrary(userFolder: Self.folder("themes"))
        let name = options.theme ?? environmentValue("SLUICE_THEME") ?? Theme.builtIn[0]
        (theme, problem) = themes.load(name)
        do throws(TerminalError) {
            terminal = try Terminal(options.terminal, base: theme[.text])
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Runs the console until the user leaves or a signal ends it.
    ///
    /// - Parameters:
    ///   - name: what it looks at, for the title.
    ///   - prepare: is handed the way to post events before the console starts.
    func run(
        admin: any Admin, name: String, screen: Screen, refresh: Int64,
        prepare: (_ post: @escaping @Sendable (Event) -> Void) -> Void = { _ in },
        onScenarioKey: @escaping @Sendable (Character) -> Void = { _ in }
    ) throws {
        let now = TimeText.now
        let settings = ConsoleSettings(
            connection: "embedded", name: name, readOnly: options.readOnly, refreshInterval: refresh, theme: theme,
            glyphs: terminal.isUnicode ? .braille : .ascii, utcOffset: TimeText.utcOffset(at: now),
            startScreen: screen, now: now)
        let status: Int32
        do throws(TerminalError) {
            let session = try ConsoleSession(
                model: ConsoleModel(settings: settings),
                runner: EffectRunner(
                    admin: admin, themes: themes, templates: TemplateLibrary(folder: Self.folder("templates")),
                    readOnly: options.readOnly),
                options: options.terminal, terminal: terminal, onScenarioKey: onScenarioKey)
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

    /// Where the user's own themes or templates are.
    private static func folder(_ name: String) -> String? {
        if let folder = environmentValue("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return folder + "/sluice/" + name }
        return environmentValue("HOME").map { $0 + "/.config/sluice/" + name }
    }
}

extension CommandFailure {
    init(_ error: TerminalError) {
        self.init(error.code == .system ? .failed : .refused, error.message)
    }
}
