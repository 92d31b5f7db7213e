// MARK: Lines
extension DisplayWidth {
    /// `text` in lines of at most `width` columns, broken at spaces and between wide characters; a word that is wider than
    /// a line stays whole.
    static func lines(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for piece in pieces(text) {
            let gap = piece.isAfterSpace && used > 0 ? 1 : 0
            let columns = of(piece.text)
            if used > 0, used + gap + columns > width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            if used > 0, gap > 0 {
                line += " "
                used += 1
            }
            line += piece.text
            used += columns
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }

    /// What a line may not begin with, and what it may not end with.
    private static let closing: Set<Character> = [
        "，", "。", "：", "；", "、", "？", "！", "）", "”", "…", ".", ",", ")", ":", ";",
    ]
    private static let opening: Set<Character> = ["（", "“", "("]

    private static func pieces(_ text: String) -> [(text: String, isAfterSpace: Bool)] {
        var pieces: [(text: String, isAfterSpace: Bool)] = []
        for word in text.split(separator: " ") {
            var piece = ""
            var isFirst = true
            var isWide = false
            for character in word {
                let isWideNow = of(character) == 2
                if isWide || isWideNow, let last = piece.last, !closing.contains(character), !opening.contains(last) {
                    pieces.append((piece, isFirst))
                    (piece, isFirst) = ("", false)
                }
                piece.append(character)
                isWide = isWideNow
            }
            pieces.append((piece, isFirst))
        }
        return pieces
    }
}
