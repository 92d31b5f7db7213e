import CNcurses
import Glibc
import SluiceConsole
import Testing

@testable import SluiceTerminal

/// A pseudo terminal: what a program writes to its inner end is read at the outer one.
private final class PseudoTerminal {
    let outer: Int32
    let inner: Int32

    init(width: UInt16, height: UInt16) throws {
        var ends: (Int32, Int32) = (-1, -1)
        guard openpty(&ends.0, &ends.1, nil, nil, nil) == 0 else { throw Failure() }
        (outer, inner) = ends
        resize(width, height)
        _ = fcntl(outer, F_SETFL, O_NONBLOCK)
    }
    struct Failure: Error {}

    func resize(_ width: UInt16, _ height: UInt16) {
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(inner, UInt(TIOCSWINSZ), &size)
    }

    /// Everything written so far.
    func read() -> String {
        var result: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(outer, &bytes, bytes.count)
            guard count > 0 else { break }
            result += bytes.prefix(count)
        }
        return String(decoding: result, as: UTF8.self)
    }

    var mode: termios {
        var mode = termios()
        tcgetattr(inner, &mode)
        return mode
    }

    func options(_ type: String, colour: Bool = true, direct: Bool = false) -> TerminalOptions {
        TerminalOptions(colour: colour, type: type, directColour: direct, input: inner, output: inner)
    }

    deinit {
        close(inner)
        close(outer)
    }
}

/// One terminal at a time, as ncurses has it.
@Suite(.serialized) struct TerminalTests {
    private let night = Style(.rgb(213, 222, 236), on: .rgb(14, 20, 32))

    private func frame(_ size: Size, _ text: String) -> CellBuffer {
        var frame = CellBuffer(size: size, style: night)
        frame.write(text, x: 2, y: 1, style: night)
        return frame
    }

    @Test func firstBytesGoOutAtOnceAndAQuietFrameSendsNone() throws {
        let pty = try PseudoTerminal(width: 60, height: 12)
        let terminal = try Terminal(pty.options("xterm-256color"), base: night)
        defer { terminal.close() }
        let start = pty.read()
        #expect(start.contains("\u{1B}[?1049h") && start.contains("\u{1B}[?2004h"))
        #expect(terminal.size == Size(60, 12))
        terminal.show(frame(terminal.size, "orders 中文 e\u{301}"), cursor: nil)
        let first = pty.read()
        #expect(first.contains("orders 中文 e\u{301}"))
        terminal.show(frame(terminal.size, "orders 中文 e\u{301}"), cursor: nil)
        #expect(pty.read().isEmpty)
        terminal.show(frame(terminal.size, "orders 中文 e\u{301} 7"), cursor: nil)
        let change = pty.read()
        #expect(change.contains("7") && !change.contains("orders") && change.utf8.count < 70)
    }

    @Test func theLastCornerIsFilledWithoutScrolling() throws {
        let pty = try PseudoTerminal(width: 20, height: 4)
        let terminal = try Terminal(pty.options("xterm-256color"), base: night)
        defer { terminal.close() }
        var frame = CellBuffer(size: terminal.size, style: night)
        frame.write("top", x: 0, y: 0, style: night)
        frame.write("中", x: 18, y: 2, style: night)
        frame.write("Z", x: 19, y: 3, style: night)
        terminal.show(frame, cursor: nil)
        let sent = pty.read()
        #expect(sent.contains("top") && sent.contains("中") && sent.contains("Z"))
        #expect(!sent.contains("\n\n"))
    }

    @Test(arguments: [
        ("xterm-256color", false, "38;5;"), ("xterm-256color", true, "38;2;214;222;239"),
        ("linux", false, "\u{1B}[37m"),
    ])
    func coloursAsTheTerminalHasThem(_ type: String, _ direct: Bool, _ expected: String) throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let terminal = try Terminal(pty.options(type, direct: direct), base: night)
        terminal.show(frame(terminal.size, "orders"), cursor: nil)
        terminal.close()
        let sent = pty.read()
        #expect(sent.contains(expected), "\(sent.debugDescription)")
    }

    @Test(arguments: [("xterm-256color", false), ("vt100", true), ("xterm-mono", true)])
    func noColourWhereThereIsNoneOrNoneIsWanted(_ type: String, _ colour: Bool) throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let terminal = try Terminal(pty.options(type, colour: colour), base: night)
        #expect(terminal.depth == .mono)
        var frame = frame(terminal.size, "orders")
        frame.write("look", x: 0, y: 3, style: Style(.rgb(0, 0, 0), on: .rgb(255, 200, 0), .bold))
        terminal.show(frame, cursor: nil)
        terminal.close()
        let sent = pty.read()
        #expect(!sent.contains("38;") && !sent.contains("48;") && !sent.contains("\u{1B}[3"))
        #expect(sent.contains("look"))
    }

    @Test func everythingIsGivenBack() throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let before = pty.mode
        let terminal = try Terminal(pty.options("xterm-256color"), base: night)
        #expect(pty.mode.c_lflag != before.c_lflag)
        _ = pty.read()
        terminal.close()
        let end = pty.read()
        #expect(pty.mode.c_lflag == before.c_lflag && pty.mode.c_iflag == before.c_iflag)
        for restored in ["\u{1B}[?1049l", "\u{1B}[?2004l", "\u{1B}[?1000l", "25h"] { #expect(end.contains(restored)) }
        terminal.close()
        #expect(pty.read().isEmpty)
    }

    @Test func aNewSizeIsDrawnWhole() throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let terminal = try Terminal(pty.options("xterm-256color"), base: night)
        defer { terminal.close() }
        terminal.show(frame(terminal.size, "orders"), cursor: nil)
        #expect(!terminal.updateSize())
        for (width, height) in [(10, 3), (200, 50), (1, 1), (80, 24)] {
            pty.resize(UInt16(width), UInt16(height))
            #expect(terminal.updateSize())
            #expect(terminal.size == Size(width, height))
            _ = pty.read()
            terminal.show(frame(terminal.size, "orders"), cursor: (x: 0, y: 0))
            if width >= 10 { #expect(pty.read().contains("orders")) }
        }
    }

    @Test func theClipboardTakesTextInBase64AndNotTooMuch() throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let terminal = try Terminal(pty.options("xterm-256color"), base: night)
        defer { terminal.close() }
        _ = pty.read()
        #expect(terminal.copy("foobar"))
        #expect(pty.read() == "\u{1B}]52;c;Zm9vYmFy\u{7}")
        #expect(!terminal.copy(String(repeating: "x", count: 100_000)))
        #expect(pty.read().isEmpty)
    }

    @Test(arguments: ["", "dumb", "unknown", "no-such-terminal", "xterm\u{1B}[31m"])
    func aTerminalThatWillNotDoIsASentence(_ type: String) throws {
        let pty = try PseudoTerminal(width: 40, height: 6)
        let before = pty.mode
        let error = #expect(throws: TerminalError.self) { _ = try Terminal(pty.options(type)) }
        #expect(error?.code == .unsuitable)
        #expect(error?.message.hasSuffix(".") == true)
        #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
        #expect(pty.read().isEmpty)
        #expect(pty.mode.c_lflag == before.c_lflag)
    }

    @Test func noTerminalIsASentence() throws {
        var ends: [Int32] = [-1, -1]
        #expect(sn_pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let options = TerminalOptions(type: "xterm", input: ends[0], output: ends[1])
        let error = #expect(throws: TerminalError.self) { _ = try Terminal(options) }
        #expect(error?.code == .noTerminal)
    }
}
