import CNcurses
import Glibc
import SluiceConsole

/// A terminal taken over by ncurses, from ``init(_:base:)`` to ``close()``. Belongs to one thread; one at a time.
///
/// Whatever ends the process meanwhile (a fatal signal, a trap, `exit`) gives the terminal back first.
public final class Terminal {
    public private(set) var size: Size
    /// Colours that are used; `.mono` also when they were refused with `NO_COLOR`.
    public let depth: ColourDepth
    /// False when the locale is not UTF-8: draw with ``GlyphSet/ascii``.
    public let isUnicode: Bool

    private let options: TerminalOptions
    private var pairs: PairTable
    private var filter = GlyphFilter()
    private var base: Style
    /// What the terminal shows; nil when that is not known.
    private var shown: CellBuffer?
    private var cursor: (x: Int, y: Int)?
    private var isOpen = true

    /// Sent at the start and undone at the end.
    private let greeting: String
    private let farewell: String

    /// Takes the terminal over; the first byte goes out before this returns.
    /// - Parameter base: how blank places look.
    /// - Throws: a ``TerminalError`` with a sentence when there is no terminal or not one that will do.
    public init(_ options: TerminalOptions, base: Style = Style()) throws(TerminalError) {
        try Terminal.check(options)
        self.options = options
        self.base = base
        isUnicode = Terminal.setLocale()
        guard Terminal.open(options) else {
            throw TerminalError(
                .unsuitable,
                "This system does not know the terminal type \"\(TextSanitiser.sanitise(options.type))\" or it cannot "
                    + "place the cursor; try TERM=xterm-256color, or --headless and --json without a terminal.")
        }
        depth = ColourDepth(colours: Int(sn_colours()))
        pairs = PairTable(
            depth: depth, limit: Int(sn_pairs()), hasDefaultColours: sn_has_default_colours(), base: base.background
        ) { sn_define_pair($0, $1, $2) == 0 }
        (greeting, farewell) = Terminal.modes(options)
        size = Size(0, 0)
        size = Terminal.currentSize()
        greet()
        blank()
        sn_refresh()
    }

    deinit { close() }

    /// Gives the terminal back as it was. Does nothing the second time.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        send(farewell)
        sn_close()
    }
}

// MARK: Drawing
extension Terminal {
    /// Shows a frame of the terminal's ``size`` and the cursor at a place, or none. Sends only what has changed, and
    /// nothing at all when nothing has.
    public func show(_ frame: CellBuffer, cursor: (x: Int, y: Int)?, base: Style? = nil) {
        if let base, base != self.base {
            self.base = base
            pairs = PairTable(
                depth: depth, limit: Int(sn_pairs()), hasDefaultColours: sn_has_default_colours(),
                base: base.background
            ) { sn_define_pair($0, $1, $2) == 0 }
            shown = nil
        }
        if shown?.size != frame.size { blank() }
        let old = shown ?? CellBuffer(size: frame.size, style: base ?? self.base)
        let runs = FrameDiff.runs(from: old, to: frame)
        guard !runs.isEmpty || cursor?.x != self.cursor?.x || cursor?.y != self.cursor?.y || shown == nil else {
            return
        }
        for run in runs { put(run, of: frame) }
        shown = frame
        self.cursor = cursor
        sn_cursor(Int32(clamping: cursor?.y ?? -1), Int32(clamping: cursor?.x ?? 0))
        sn_refresh()
    }

    private func put(_ run: FrameDiff.Run, of frame: CellBuffer) {
        var cells: [sn_cell] = []
        cells.reserveCapacity(run.columns.count)
        for x in run.columns {
            let cell = frame[x, run.y]
            if cell.glyph == .continuation { continue }
            let look = pairs.look(of: cell.style)
            let text = filter.scalars(for: cell.glyph)
            if cell.glyph.width == 2, text.0 < 0x80 {
                // A substitute for a wide character stands in both of its columns.
                cells.append(sn_cell(text: (text.0, 0, 0, 0), attributes: look.attributes, pair: look.pair))
            }
            cells.append(
                sn_cell(text: (text.0, text.1, text.2, 0), attributes: look.attributes, pair: look.pair))
        }
        sn_put(Int32(run.y), Int32(run.columns.lowerBound), cells, Int32(cells.count))
    }

    private func blank() {
        let look = pairs.look(of: Style(base.foreground, on: base.background))
        sn_blank(look.attributes, look.pair)
        shown = CellBuffer(size: size, style: base)
    }

    /// Asks the terminal for its size again. True when it has changed, and the next frame is sent as a whole.
    public func updateSize() -> Bool {
        let now = Terminal.currentSize()
        guard now != size else { return false }
        size = now
        sn_resize(Int32(clamping: now.height), Int32(clamping: now.width))
        shown = nil
        return true
    }

    public func bell() { sn_bell() }

    /// Puts text into the clipboard of whoever looks at the terminal (OSC 52). False when it is too long for that.
    public func copy(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count <= Terminal.maxCopy else { return false }
        send("\u{1B}]52;c;\(Base64.encode(bytes))\u{07}")
        return true
    }

    /// Terminals drop longer ones; xterm's limit is the lowest in wide use.
    static let maxCopy = 74_994

    private func send(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { sn_send($0.baseAddress, $0.count) }
        }
    }
}

// MARK: Coming and going
extension Terminal {
    /// Gives the terminal back, stops the process as ^Z does, and takes the terminal again when it goes on.
    public func suspend() {
        send(farewell)
        sn_suspend()
        sn_stop_process()
        resume()
    }

    /// Gives the terminal back while something else uses it.
    func lend(_ body: () -> Void) {
        send(farewell)
        sn_suspend()
        body()
        resume()
    }

    /// After the process was stopped by somebody else: nothing on the screen or in the terminal's modes can be relied on.
    public func resume() {
        sn_resume()
        greet()
        _ = updateSize()
        shown = nil
    }

    private func greet() {
        send(greeting)
        var bytes = farewell
        bytes.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { sn_set_farewell($0.baseAddress, $0.count) }
        }
    }

    private static func currentSize() -> Size {
        var rows: Int32 = 0
        var columns: Int32 = 0
        guard sn_size(&rows, &columns) == 0 else { return Size(80, 24) }
        return Size(Int(columns), Int(rows))
    }

    /// Bracketed paste and mouse reports, for the kinds of terminal that know them.
    private static func modes(_ options: TerminalOptions) -> (on: String, off: String) {
        let plain = ["linux", "vt", "ansi", "cons", "sun", "hurd", "wsvt", "pcansi", "mach", "cygwin"]
        guard !plain.contains(where: options.type.hasPrefix) else { return ("", "") }
        let mouse = options.mouse
        return (
            "\u{1B}[?2004h" + (mouse ? "\u{1B}[?1000h\u{1B}[?1006h" : ""),
            "\u{1B}[?2004l" + (mouse ? "\u{1B}[?1006l\u{1B}[?1000l" : "")
        )
    }

    private static func check(_ options: TerminalOptions) throws(TerminalError) {
        for (descriptor, name) in [(options.input, "Standard input"), (options.output, "Standard output")]
        where isatty(descriptor) == 0 {
            throw TerminalError(
                .noTerminal,
                "\(name) is not a terminal; the console needs one. The other verbs work without, with --json for programs."
            )
        }
        switch options.type {
        case "": throw TerminalError(.unsuitable, "TERM is not set; try TERM=xterm-256color.")
        case "dumb", "unknown":
            throw TerminalError(
                .unsuitable,
                "This terminal (TERM=\(options.type)) cannot place the cursor, and the console needs that. "
                    + "The other verbs work here, with --json for programs.")
        default: break
        }
    }

    /// Takes the user's locale, or UTF-8 where none is chosen. False when the chosen one is not UTF-8.
    private static func setLocale() -> Bool {
        func codeset() -> String { nl_langinfo(Int32(CODESET)).map { String(cString: $0) } ?? "" }
        if setlocale(LC_CTYPE, "") == nil || codeset() == "ANSI_X3.4-1968" { setlocale(LC_CTYPE, "C.UTF-8") }
        return codeset() == "UTF-8"
    }

    private static func open(_ options: TerminalOptions) -> Bool {
        let isDirect = options.directColour || options.type.hasSuffix("-direct")
        if options.colour, isDirect, let entry = DirectColourTerminfo.entry(for: options.type) {
            let before = getenv("TERMINFO").map { String(cString: $0) }
            setenv("TERMINFO", entry.data, 1)
            let opened = sn_open(entry.name, options.input, options.output, true) == 0
            // Programs that are started from here must not inherit it.
            if let before { setenv("TERMINFO", before, 1) } else { unsetenv("TERMINFO") }
            if opened { return true }
        }
        return sn_open(options.type, options.input, options.output, options.colour) == 0
    }
}
