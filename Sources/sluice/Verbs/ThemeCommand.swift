import ArgumentParser
import Glibc
import SluiceConsole

/// `sluice theme …`
struct ThemeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "theme", abstract: "List, show and import themes of the console.",
        subcommands: [ThemeList.self, ThemeShow.self, ThemeImportCommand.self])
}

struct ThemeList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the themes there are.",
        discussion: "JSON, an object a theme: name, path (null: in the binary), problem (null when it is whole).")
    @Flag(help: "Print JSON Lines.") var json = false

    func run() throws {
        var output = Output()
        var table = Table([Table.Column("theme"), Table.Column("from"), Table.Column("state")])
        for name in UserFolders.themes.names() {
            let own = UserFolders.themeFolder.map { "\($0)/\(name).toml" }
            let path = own.flatMap { (path: String) -> String? in access(path, R_OK) == 0 ? path : nil }
            let problem = UserFolders.themes.load(name).problem
            if json {
                var line = JSONObject()
                line.add("name", name)
                line.add("path", path)
                line.add("problem", problem)
                output.write(line)
            } else {
                table.add([name, path ?? "the binary", problem ?? "whole"])
            }
        }
        if !json { output.write(table.text()) }
        try output.flush()
    }
}

struct ThemeShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the roles of a theme, in its colours on a terminal.")
    @Argument(help: "Name of the theme.") var name: String
    @Flag(help: "No colours; $NO_COLOR does the same.") var noColor = false

    func run() throws {
        let (theme, problem) = UserFolders.themes.load(name)
        if let problem { throw CommandFailure(problem.contains("there is no theme") ? .notFound : .failed, problem) }
        let isColoured = isTerminal(STDOUT_FILENO) && !noColor && environmentValue("NO_COLOR") == nil
        var output = Output()
        for role in Role.allCases {
            let style = theme[role]
            let name = DisplayWidth.pad(role.rawValue, to: 14)
            let sample = isColoured ? "\(style.escape) orders 83,201 \u{1B}[0m" : ""
            output.write("\(name) \(sample)  \(style.description)\n")
        }
        for gradient in GradientName.allCases {
            let name = DisplayWidth.pad(gradient.rawValue, to: 14)
            let steps = (0..<24).map { "\(Style(theme.gradient(gradient, Double($0) / 23)).escape)█" }.joined()
            let colours = [0, 0.5, 1].map { theme.gradient(gradient, $0).spelling }.joined(separator: " ")
            output.write("\(name) \(isColoured ? steps + "\u{1B}[0m" : "")  \(colours)\n")
        }
        try output.flush()
    }
}

struct ThemeImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import a btop theme or a k9s skin into your own themes.",
        discussion: """
            Its colours are mapped onto the roles of this console and written as a theme file to \
            $XDG_CONFIG_HOME/sluice/themes. Colours that could not be read on their ground are brought closer to the text's.
            """)
    @Argument(help: ArgumentHelp("A .theme file of btop, or a .yaml skin of k9s.", valueName: "file")) var file: String
    @Option(help: "Name of the theme. Default: the file's.") var name: String?
    @Flag(help: "Replace a theme of yours that has the name.") var replace = false

    func run() throws {
        let text = String(decoding: try InputFile(path: file).readAll(limit: 1 << 20), as: UTF8.self)
        let fileName = file.split(separator: "/").last.map(String.init) ?? file
        let stem = fileName.lastIndex(of: ".").map { String(fileName[..<$0]) } ?? fileName
        let name = name ?? stem
        guard let folder = UserFolders.themeFolder else {
            throw CommandFailure(.refused, "There is no folder for themes: neither HOME nor XDG_CONFIG_HOME is set.")
        }
        guard ThemeLibrary.isName(name) else {
            throw CommandFailure(.usage, "'\(name)' is no name for a theme: no spaces, no / and no dot in front.")
        }
        let theme: ThemeImport
        do throws(ThemeImport.Problem) {
            theme = try ThemeImport(text, source: fileName)
        } catch {
            let place = error.line.map { "\(file):\($0)" } ?? file
            throw CommandFailure(.usage, "\(place): \(error.description)")
        }
        let path = "\(folder)/\(name).toml"
        if let problem = ThemeLibrary.write(theme.toml, to: path, replacing: replace) {
            throw CommandFailure(.refused, replace ? problem : problem + " (--replace replaces it.)")
        }
        if let problem = UserFolders.themes.load(name).problem { throw CommandFailure(.failed, problem) }
        for note in theme.notes { say(note) }
        var output = Output()
        output.write("Imported as \(name): \(path)\n")
        try output.flush()
    }
}

extension Style {
    /// The escape sequence that a terminal with 24 bit colours shows it by.
    fileprivate var escape: String {
        func part(_ colour: Colour, _ kind: Int) -> String {
            switch colour {
            case .terminal: ""
            case .ansi(let number): ";\(number < 8 ? kind * 10 + Int(number) : kind * 10 + 60 + Int(number) - 8)"
            case .rgb(let red, let green, let blue): ";\(kind)8;2;\(red);\(green);\(blue)"
            }
        }
        var text = "\u{1B}[0" + part(foreground, 3) + part(background, 4)
        for (attribute, code) in [(Attributes.bold, 1), (.dim, 2), (.italic, 3), (.underline, 4), (.reverse, 7)]
        where attributes.contains(attribute) { text += ";\(code)" }
        return text + "m"
    }

    fileprivate var description: String {
        var words = ["\(foreground.spelling) on \(background.spelling)"]
        for (attribute, word) in [
            (Attributes.bold, "bold"), (.dim, "dim"), (.italic, "italic"), (.underline, "underline"),
            (.reverse, "reverse"),
        ] where attributes.contains(attribute) { words.append(word) }
        return words.joined(separator: " ")
    }
}
