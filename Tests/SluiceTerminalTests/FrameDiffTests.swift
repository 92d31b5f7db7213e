import SluiceConsole
import Testing

@testable import SluiceTerminal

@Suite struct FrameDiffTests {
    private func frame(_ rows: String...) -> CellBuffer {
        var buffer = CellBuffer(size: Size(8, rows.count))
        for (y, row) in rows.enumerated() { buffer.write(row, x: 0, y: y, style: Style()) }
        return buffer
    }

    private func runs(_ old: CellBuffer, _ new: CellBuffer) -> [String] {
        FrameDiff.runs(from: old, to: new).map { "\($0.y):\($0.columns)" }
    }

    @Test func onlyWhatDiffers() {
        #expect(runs(frame("abcdefgh", "xyz"), frame("abcdefgh", "xyz")).isEmpty)
        #expect(runs(frame("abcdefgh", "xyz"), frame("aXcdeYZh", "xyz")) == ["0:1..<2", "0:5..<7"])
        #expect(runs(frame("abc", "xyz"), frame("abc", "xy")) == ["1:2..<3"])
        #expect(runs(frame("abcdefgh"), frame("abcdefgH")) == ["0:7..<8"])
    }

    @Test func wideCharactersGoWhole() {
        #expect(runs(frame("中文"), frame("中字")) == ["0:2..<4"])
        #expect(runs(frame("ab文"), frame("中文")) == ["0:0..<2"])
        #expect(runs(frame("中文"), frame("ab文")) == ["0:0..<2"])
        var restyled = frame("中文")
        restyled.restyle(Rect(x: 1, y: 0, width: 1, height: 1)) { _ in Style(.ansi(1)) }
        #expect(runs(frame("中文"), restyled) == ["0:0..<2"])
    }

    @Test func charactersThatTheLibraryDoesNotKnowBecomeASCII() {
        var filter = GlyphFilter()
        #expect(filter.scalars(for: .scalar("a")).0 == 0x61)
        // Unassigned when the C library's tables were made, or for ever.
        let odd = filter.scalars(for: .scalar("\u{378}"))
        #expect(odd.0 == UInt32(UInt8(ascii: "?")))
    }
}
