import Glibc
import SluiceAPI
import SluiceClient
import SluiceConsole
import SluiceMessage
import SluiceTerminal

// The console on an embedded broker, while messages flow through the client in the same process at a steady rate:
// what console-cost.py measures key presses on.
guard CommandLine.arguments.count == 3, let rate = Int(CommandLine.arguments[2]), rate >= 1_000 else {
    print("usage: sluice-loaded-console FOLDER MESSAGES-PER-SECOND")
    exit(64)
}

do {
    let themes = ThemeLibrary(userFolder: nil)
    let (theme, _) = themes.load(Theme.builtIn[0])
    let options = TerminalOptions.fromEnvironment()
    let terminal = try Terminal(options, base: theme[.text])
    defer { terminal.close() }
    let broker = try EmbeddedBroker.open(
        EmbeddedOptions(dataFolder: CommandLine.arguments[1], durability: .async, retainBytes: 1 << 30))
    let flow = Flow(broker, rate: rate)
    flow.start()
    let settings = ConsoleSettings(
        connection: "embedded", name: "load", theme: theme, startScreen: .topics, now: Flow.milliseconds)
    let session = try ConsoleSession(
        model: ConsoleModel(settings: settings), runner: EffectRunner(admin: broker.admin, themes: themes),
        options: options, terminal: terminal)
    let status = try session.run()
    // What flowed is said on stderr once the terminal is given back: published and read.
    let line = Array("flowed \(flow.counts)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(status)
} catch {
    print("sluice-loaded-console: \(error)")
    exit(1)
}
