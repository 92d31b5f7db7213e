import Glibc
import SluiceConsole

/// How the console uses the terminal.
public struct TerminalOptions: Sendable {
    /// False shows no colours, only bold, underline and reverse.
    public var colour: Bool
    /// True lets the terminal report clicks and the wheel.
    public var mouse: Bool
    /// The terminal's type, as `TERM` has it.
    public var type: String
    /// True when the terminal says that it takes 24 bit colours (`COLORTERM`).
    public var directColour: Bool
    /// The descriptors to use.
    public var input: Int32
    public var output: Int32
    /// The command line that message bodies are shown in.
    public var viewer = "less"

    public init(
        colour: Bool = true, mouse: Bool = true, type: String, directColour: Bool = false, input: Int32 = STDIN_FILENO,
        output: Int32 = STDOUT_FILENO
    ) {
        self.colour = colour
        self.mouse = mouse
        self.type = type
        self.directColour = directColour
        self.input = input
        self.output = output
    }

    /// What the environment asks for: `TERM`, `COLORTERM`, `NO_COLOR` (set and not empty is without colours),
    /// and the first of `VISUAL`, `EDITOR` and `PAGER`.
    public static func fromEnvironment() -> TerminalOptions {
        func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        var options = TerminalOptions(
            colour: value("NO_COLOR").isEmpty, type: value("TERM"),
            directColour: ["truecolor", "24bit"].contains(value("COLORTERM")))
        let viewers = ["VISUAL", "EDITOR", "PAGER"].map(value)
        if let viewer = viewers.first(where: { !$0.isEmpty }) { options.viewer = viewer }
        return options
    }
}
