import Glibc
import SluiceConsole
import Testing

/// A folder of theme files that goes away with its test.
private final class Folder: Sendable {
    let path: String
    init(_ files: [String: String]) throws {
        var template = Array("/tmp/sluice-themes-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else { throw Failure() }
        path = made
        for (name, text) in files {
            guard let file = fopen("\(path)/\(name)", "w") else { throw Failure() }
            fputs(text, file)
            fclose(file)
        }
    }
    struct Failure: Error {}
    deinit {
        for name in ThemeLibrary(userFolder: path).names() { unlink("\(path)/\(name).toml") }
        rmdir(path)
    }
}

@Suite struct ThemeTests {
    @Test(arguments: Theme.builtIn)
    func builtInThemesAreWhole(_ name: String) {
        let (theme, problem) = ThemeLibrary(userFolder: nil).load(name)
        #expect(problem == nil)
        #expect(theme.name == name)
        #expect(theme[.selection] != theme[.text])
        #expect(theme[.attention] != theme[.text])
        // Good and bad differ by more than their colour.
        #expect(theme[.good].attributes != theme[.bad].attributes)
        for gradient in GradientName.allCases where name != "sixteen" {
            #expect(theme.gradient(gradient, 0) != theme.gradient(gradient, 1), "\(gradient)")
        }
    }

    @Test(arguments: Theme.builtIn.filter { $0 != "sixteen" })
    func textCanBeRead(_ name: String) {
        let theme = ThemeLibrary(userFolder: nil).load(name).theme
        for role in Role.allCases where role != .border {
            let ratio = Self.contrast(theme[role])
            #expect(ratio >= 4.5, "\(role): \(ratio)")
        }
        // What is drawn on the ground of a dialog, or on the selected row, takes its colour along.
        for role in [Role.text, .accent, .good, .warning, .bad, .key, .number] {
            for ground in [Role.dialog, .selection] {
                var style = theme[role]
                style.background = theme[ground].background
                #expect(Self.contrast(style) >= 4, "\(role) on \(ground): \(Self.contrast(style))")
            }
        }
    }

    static func contrast(_ style: Style) -> Double {
        let one = luminance(style.foreground)
        let other = luminance(style.background)
        return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }

    static func luminance(_ colour: Colour) -> Double {
        guard case .rgb(let red, let green, let blue) = colour else { return 0 }
        func part(_ value: UInt8) -> Double {
            let share = Double(value) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
    }

    @Test func aUsersThemeInheritsAndOverrides() throws {
        let folder = try Folder([
            "mine.toml": """
            inherits = "sluice-dark"
            [palette]
            water = "#0af"
            [styles]
            bad = { fg = "water", underline = true }
            """,
            "sluice-light.toml": "inherits = \"sluice-light\"\nstyles.good = \"red\"\n",
        ])
        let library = ThemeLibrary(userFolder: folder.path)
        #expect(library.names() == Theme.builtIn + ["mine"])
        let mine = library.load("mine")
        #expect(mine.problem == nil)
        #expect(mine.theme[.accent].foreground == .rgb(0, 0xAA, 0xFF))
        #expect(mine.theme[.bad].attributes == .underline)
        let dark = library.load("sluice-dark").theme
        #expect(mine.theme[.good] == dark[.good])
        let light = library.load("sluice-light")
        #expect(light.problem == nil)
        #expect(light.theme[.good].foreground == .ansi(1))
    }

    @Test(arguments: [
        ("[styles]\ntext = \"#12345g\"\n", 2, "#12345g"),
        ("[styles]\n\nchart_inn = \"red\"\n", 3, "did you mean \"chart_in\"?"),
        ("[palette]\nink = \"reddish\"\n", 2, "ink is no colour"),
        ("[palette]\nink = 7\n", 2, "ink is no colour"),
        ("[styles]\ntitle = { fg = \"red\", blink = true }\n", 2, "blink"),
        ("[styles]\ntitle = { bold = 1 }\n", 2, "true or false"),
        ("[styles.title]\nfg = \"red\"\nglow = \"x\"\n", 3, "glow"),
        ("[gradients]\nmeter = [\"red\", \"green\"]\n", 2, "three colours"),
        ("[gradients]\nfog = []\n", 2, "\"fog\" is not a gradient"),
        ("# a theme\nstyle = 3\n", 2, "did you mean \"styles\"?"),
        ("styles = 3\n", 1, "must be a table"),
        ("[styles\n", 1, ""),
        ("[styles]\ntext = \"red\ndim = \"blue\"\n", 2, ""),
        ("inherits = \"nothing\"\n", 1, "there is no theme \"nothing\""),
        ("inherits = \"loop\"\n", 1, "circle"),
        ("[styles]\ntext = \"\u{1B}[2J\"\n", 2, ""),
    ])
    func aBrokenThemeNamesItsLineAndFallsBack(_ text: String, _ line: Int, _ words: String) throws {
        let folder = try Folder([
            "broken.toml": text, "loop.toml": "inherits = \"again\"\n", "again.toml": "inherits = \"loop\"\n",
        ])
        let library = ThemeLibrary(userFolder: folder.path)
        let (theme, problem) = library.load("broken")
        let sentence = try #require(problem)
        let place = words == "circle" ? "/" : "\(folder.path)/broken.toml:\(line): "
        #expect(sentence.hasPrefix(place), "\(sentence)")
        #expect(sentence.contains(words), "\(sentence)")
        #expect(sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(theme == ThemeLibrary(userFolder: nil).load("sluice-dark").theme)
    }

    @Test(arguments: ["nothing", "../../etc/passwd", "", ".hidden", String(repeating: "x", count: 9000), "a\u{1B}b"])
    func anUnknownThemeIsASentence(_ name: String) {
        let (theme, problem) = ThemeLibrary(userFolder: "/nonexistent").load(name)
        #expect(problem?.contains("there is no theme") == true)
        #expect(theme.name == "sluice-dark")
    }

    @Test func notUTF8AndTooLarge() throws {
        let folder = try Folder(["large.toml": String(repeating: "# x\n", count: 70_000)])
        #expect(ThemeLibrary(userFolder: folder.path).load("large").problem?.contains("larger") == true)
        guard let file = fopen("\(folder.path)/latin.toml", "w") else { return }
        fputs("# ok\n# caf", file)
        fputc(0xE9, file)
        fclose(file)
        let problem = ThemeLibrary(userFolder: folder.path).load("latin").problem
        #expect(problem?.hasPrefix("\(folder.path)/latin.toml:2: this is not UTF-8") == true)
    }

    @Test func gradientsBlend() {
        let gradient = Gradient(.rgb(0, 0, 0), .rgb(100, 50, 0), .rgb(200, 50, 255))
        #expect(gradient.colour(at: 0.25) == .rgb(50, 25, 0))
        #expect(gradient.colour(at: 0.5) == .rgb(100, 50, 0))
        #expect(gradient.colour(at: 7) == .rgb(200, 50, 255))
        #expect(gradient.colour(at: .nan) == .rgb(0, 0, 0))
        let ansi = Gradient(.ansi(2), .ansi(3), .ansi(1))
        #expect([0.1, 0.5, 0.9].map { ansi.colour(at: $0) } == [.ansi(2), .ansi(3), .ansi(1)])
    }
}
