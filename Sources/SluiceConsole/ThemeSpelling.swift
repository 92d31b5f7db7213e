/// How far two words are apart, to guess what was meant.
enum Spelling {
    /// Letters to insert, delete or exchange; words longer than 40 letters are taken to be 40 long.
    static func distance(_ one: String, _ other: String) -> Int {
        let one = Array(one.prefix(40))
        let other = Array(other.prefix(40))
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var corner = row[0]
            row[0] = index + 1
            for (column, second) in other.enumerated() {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, corner + (letter == second ? 0 : 1))
                corner = above
            }
        }
        return row[other.count]
    }
}

extension Colour {
    /// The 16 ANSI colours, as themes call them.
    static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black", "bright-red",
        "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    ]

    /// Black or white, whichever is read better on this colour.
    var ink: Colour {
        switch self {
        case .terminal: .terminal
        case .ansi(let index): [0, 1, 4, 5, 8].contains(index) ? .ansi(15) : .ansi(0)
        case .rgb(let red, let green, let blue):
            299 * Int(red) + 587 * Int(green) + 114 * Int(blue) < 140_000 ? .rgb(255, 255, 255) : .rgb(0, 0, 0)
        }
    }

    /// `#rrggbb`, `#rgb`, an ANSI name, or `terminal`; nil for anything else.
    public init?(_ text: String) {
        if text == "terminal" {
            self = .terminal
        } else if let index = Colour.names.firstIndex(of: text) {
            self = .ansi(UInt8(index))
        } else {
            let digits = Array(text.utf8)
            guard digits.first == 0x23, digits.count == 4 || digits.count == 7,
                digits.dropFirst().allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }
                ),
                let value = UInt32(text.dropFirst(), radix: 16)
            else { return nil }
            func part(_ shift: UInt32) -> UInt8 {
                digits.count == 7 ? UInt8(value >> (2 * shift) & 0xFF) : UInt8((value >> shift & 0xF) * 17)
            }
            self = .rgb(part(8), part(4), part(0))
        }
    }
}
