import SluiceConsole
import Testing

@Suite struct CellBufferTests {
    private let plain = Style()
    private func buffer(_ width: Int, _ height: Int = 1, _ text: String = "") -> CellBuffer {
        var buffer = CellBuffer(size: Size(width, height))
        buffer.write(text, x: 0, y: 0, style: plain)
        return buffer
    }

    @Test(arguments: [
        ("orders", 3, "ord", 3), ("中文", 3, "中", 2), ("中文", 4, "中文", 4), ("a中", 2, "a", 1), ("é", 9, "é", 1),
        ("e\u{301}x", 9, "e\u{301}x", 2), ("\u{301}x", 9, "x", 1), ("", 5, "", 0),
    ])
    func textIsClippedAtWholeCharacters(_ text: String, _ width: Int, _ shown: String, _ used: Int) {
        var buffer = CellBuffer(size: Size(width, 1))
        #expect(buffer.write(text, x: 0, y: 0, style: plain) == used)
        #expect(buffer.text() == shown)
        var wide = CellBuffer(size: Size(40, 1))
        #expect(wide.write(text, x: 5, y: 0, maxWidth: width, style: plain) == used)
    }

    @Test func noHalfOfAWideCharacterStays() {
        var left = buffer(6, 1, "中文字")
        left.write("x", x: 1, y: 0, style: plain)
        #expect(left.text() == " x文字")
        var right = buffer(6, 1, "中文字")
        right.write("x", x: 2, y: 0, style: plain)
        #expect(right.text() == "中x 字")
        var wide = buffer(6, 1, "中文字")
        wide.write("語", x: 1, y: 0, style: plain)
        #expect(wide.text() == " 語 字")
        var edge = buffer(3, 1, "abc")
        edge[2, 0] = Cell(.scalar("中"), plain)
        #expect(edge.text() == "ab")
    }

    @Test func textLeftOfTheBufferIsCut() {
        var text = CellBuffer(size: Size(4, 1))
        #expect(text.write("中文ab", x: -1, y: 0, style: plain) == 5)
        #expect(text.text() == " 文a")
    }

    @Test func outOfRangeReadsBlankAndWritesNothing() {
        var buffer = buffer(2, 2, "ab")
        let before = buffer
        for (x, y) in [(-1, 0), (2, 0), (0, -1), (0, 2), (.max, .min)] {
            #expect(buffer[x, y] == .blank)
            buffer[x, y] = Cell(.scalar("x"), plain)
            buffer.write("x", x: x == -1 ? 9 : x, y: y == 0 ? 9 : y, style: plain)
        }
        #expect(buffer == before)
        buffer.fill(Rect(x: -5, y: -5, width: 3, height: 3), style: Style(.ansi(1)))
        #expect(buffer == before)
        #expect(CellBuffer(size: Size(-3, 5)).text() == "\n\n\n\n")
    }

    @Test func rightAlignedTextEndsWhereItShould() {
        var buffer = CellBuffer(size: Size(8, 1))
        buffer.writeRight("42", right: 8, y: 0, style: plain)
        buffer.writeRight("中文", right: 5, y: 0, maxWidth: 3, style: plain)
        #expect(buffer.text() == "  中… 42")
    }

    @Test func nothingThatAMessageHoldsSteersTheTerminal() {
        let hostile = "\u{1B}]0;x\u{7}\u{1B}[2J\u{9B}31m\r\n\t\0\u{7F}\u{85}\u{202E}\u{2066}\u{FEFF}\u{E0041}end"
        var buffer = CellBuffer(size: Size(60, 1))
        buffer.write(hostile, x: 0, y: 0, style: plain)
        #expect(buffer.text() == "␛]0;x␇␛[2J\u{FFFD}31m␍␊␉␀␡\u{FFFD}end")
        for value in (0..<0x3000) {
            guard let scalar = Unicode.Scalar(UInt32(value)), let shown = TextSanitiser.replacement(for: scalar) else {
                continue
            }
            #expect(shown.value >= 0x20 && !(0x7F..<0xA0).contains(shown.value))
        }
    }

    @Test(arguments: [
        ("abc", 3), ("中文", 4), ("ｆｕｌｌ", 8), ("한글", 4), ("ｶﾅ", 2), ("e\u{301}", 1), ("🚀", 2), ("👨‍👩‍👧", 6), ("👍🏽", 2),
        ("❤️", 1), ("🇨🇳", 2), ("a\u{200B}b", 2), ("─│", 2), ("⣿█▁", 3), ("", 0), ("\u{1100}\u{1161}\u{11A8}", 2),
        ("นี้", 1), ("\u{AD}x", 1),
    ])
    func widths(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
        var buffer = CellBuffer(size: Size(20, 1))
        #expect(buffer.write(text, x: 0, y: 0, style: plain) == width)
    }

    @Test func clippingAndPadding() {
        #expect(DisplayWidth.clip("orders", to: 6) == "orders")
        #expect(DisplayWidth.clip("orders", to: 4) == "ord…")
        #expect(DisplayWidth.clip("中文字", to: 4) == "中…")
        #expect(DisplayWidth.clip("中文字", to: 5, ellipsis: false) == "中文")
        #expect(DisplayWidth.clip("x", to: 0).isEmpty)
        #expect(DisplayWidth.pad("中", to: 4) == "中  ")
        #expect(DisplayWidth.pad("中文", to: 3) == "中…")
        #expect(DisplayWidth.padLeft("7", to: 3) == "  7")
    }

    @Test func boxes() {
        var lines = CellBuffer(size: Size(14, 3))
        lines.box(Rect(lines.size), title: "Topics", style: plain, ascii: false)
        #expect(lines.text() == "╭─ Topics ───╮\n│            │\n╰────────────╯")
        var ascii = CellBuffer(size: Size(8, 3))
        ascii.box(Rect(ascii.size), title: "long name", style: plain, ascii: true)
        #expect(ascii.text() == "+- l… -+\n|      |\n+------+" || ascii.text() == "+- l. -+\n|      |\n+------+")
        var small = CellBuffer(size: Size(3, 3))
        small.box(Rect(x: 0, y: 0, width: 1, height: 3), title: "x", style: plain, ascii: false)
        #expect(small.text() == "\n\n")
    }

    @Test func stylesAndLayers() {
        let red = Style(.ansi(1), on: .ansi(0))
        var buffer = buffer(4, 2, "ab")
        buffer.restyle(Rect(x: 1, y: 0, width: 9, height: 1)) { Style($0.foreground, on: .ansi(4), .bold) }
        buffer.fill(Rect(x: 0, y: 1, width: 2, height: 1), style: red)
        #expect(buffer.styleLayer { $0 == red ? "r" : $0.background == .ansi(4) ? "s" : "." } == ".sss\nrr..")
        #expect(buffer.text() == "ab\n")
    }

    @Test func blitCopiesWholeCharacters() {
        var small = CellBuffer(size: Size(4, 1))
        small.write("中x", x: 0, y: 0, style: plain)
        var large = buffer(8, 1, "--------")
        large.blit(small, x: 3, y: 0)
        #expect(large.text() == "---中x -")
        large.blit(small, x: 7, y: 0)
        #expect(large.text() == "---中x")
    }
}
