import Glibc
import SluiceConsole
import Testing

@Suite struct ThemeImportTests {
    private let btop = """
        theme[main_bg]="#282a36"
        theme[main_fg]="#f8f8f2"
        theme[title]="#f8f8f2"
        theme[hi_fg]="#6272a4"
        theme[selected_bg]="#ff79c6"
        theme[selected_fg]="#f8f8f2"
        theme[inactive_fg]="#40"
        theme[cpu_start]="189 147 249"
        theme[cpu_end]="#50fa7b"
        """
    private let k9s = """
        # a skin
        foreground: &foreground "#f8f8f2"
        k9s:
          body:
            fgColor: *foreground   # text
            bgColor: '#282a36'
            logoColor: dodgerblue
          frame:
            border:
              fgColor: "#44475a"
            status:
              errorColor: orangered
              addColor: nocolour
        """

    /// Written as a file of its own, it is a whole theme that can be read.
    private func check(_ theme: ThemeImport, _ ground: Colour) throws {
        let folder = try Scratch()
        let path = folder.path + "/themes/mine.toml"
        #expect(ThemeLibrary.write(theme.toml, to: path, replacing: false) == nil)
        #expect(ThemeLibrary.write("x", to: path, replacing: false)?.contains("stays as it is") == true)
        let (loaded, problem) = ThemeLibrary(userFolder: folder.path + "/themes").load("mine")
        #expect(problem == nil)
        #expect(loaded[.text].background == ground)
        #expect(loaded[.text].foreground == .rgb(0xF8, 0xF8, 0xF2))
        #expect(loaded[.good].attributes != loaded[.bad].attributes)
        for role in Role.allCases where role != .border {
            let ratio = ThemeTests.contrast(loaded[role])
            #expect(ratio >= 4.4, "\(role): \(ratio)")
        }
    }

    @Test func aBtopTheme() throws {
        let theme = try ThemeImport(btop, source: "dracula.theme")
        try check(theme, .rgb(0x28, 0x2A, 0x36))
        #expect(theme.toml.contains("\"#bd93f9\""))
        #expect(theme.notes.contains { $0.contains("accent") })
    }

    @Test func aK9sSkin() throws {
        let theme = try ThemeImport(k9s, source: "skin.yaml")
        try check(theme, .rgb(0x28, 0x2A, 0x36))
        #expect(theme.notes.contains { $0.contains("nocolour") })
    }

    @Test(
        arguments: [
            ("", nil), ("k9s:\n  body\n", 2), ("k9s:\n  body:\n    fgColor: *none\n", 3),
            ("theme[main_fg]=\"#12345\"\n", 1), ("theme[x\ntheme[main_fg]=\"#fff\"", 1), ("theme[a]=\"#fff\"\n", nil),
            ("\u{1B}[2J\u{0}", 1),
        ] as [(String, Int?)])
    func whatIsNoThemeIsASentence(_ text: String, _ line: Int?) {
        #expect {
            _ = try ThemeImport(text, source: "x")
        } throws: { error in
            (error as? ThemeImport.Problem)?.line == line
        }
    }
}

/// A folder that goes with its test.
private final class Scratch {
    let path: String
    init() throws {
        var template = Array("/tmp/sluice-import-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }
    deinit {
        unlink("\(path)/themes/mine.toml")
        rmdir("\(path)/themes")
        rmdir(path)
    }
}
