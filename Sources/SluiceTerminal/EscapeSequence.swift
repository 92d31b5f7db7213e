import SluiceConsole

/// What the sequences mean that terminals send for keys and mouse, over all the common kinds of terminal.
enum EscapeSequence {
    /// The key of what follows `ESC [` or `ESC O`, up to its final byte; nil when it means none.
    static func key(_ body: [UInt8], introducer: UInt8) -> Key? {
        guard let final = body.last else { return nil }
        if body.first == UInt8(ascii: "[") {
            // Linux console: F1 to F5.
            return (0x41...0x45).contains(final) ? .function(Int(final) - 0x40) : nil
        }
        let numbers = numbers(in: body.dropLast())
        if final == UInt8(ascii: "~") || final == UInt8(ascii: "^") || final == UInt8(ascii: "$") {
            return numbers.first.flatMap { numbered[$0] }
        }
        if final == UInt8(ascii: "u"), let code = numbers.first {
            return unicode(code, modifiers: numbers.count > 1 ? numbers[1] : 1)
        }
        return lettered(final, introducer: introducer)
    }

    private static func lettered(_ final: UInt8, introducer: UInt8) -> Key? {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "Z"): .backTab
        case UInt8(ascii: "M") where introducer == UInt8(ascii: "O"): .enter
        case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(final) - 0x4F)
        default: nil
        }
    }

    private static let numbered: [Int: Key] = [
        1: .home, 2: .insert, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end, 11: .function(1),
        12: .function(2), 13: .function(3), 14: .function(4), 15: .function(5), 17: .function(6), 18: .function(7),
        19: .function(8), 20: .function(9), 21: .function(10), 23: .function(11), 24: .function(12),
    ]

    /// `CSI u`, which some terminals send for keys with modifiers.
    private static func unicode(_ code: Int, modifiers: Int) -> Key? {
        guard let value = UInt32(exactly: code), let scalar = Unicode.Scalar(value) else { return nil }
        if value < 0x20 || value == 0x7F { return InputDecoder.control(UInt8(value)) }
        let character = Character(scalar)
        let bits = max(0, modifiers - 1)
        return bits & 4 != 0 ? .control(character) : bits & 2 != 0 ? .alt(character) : .character(character)
    }

    /// A mouse report in SGR form: `<button;column;row` and `M` or `m`.
    static func mouse(_ body: [UInt8]) -> Mouse? {
        let numbers = numbers(in: body.dropFirst().dropLast())
        guard numbers.count == 3, body.last == UInt8(ascii: "M"), numbers[1] > 0, numbers[2] > 0 else { return nil }
        let kind: Mouse.Kind
        switch numbers[0] & ~0x1C {
        case 0: kind = .press
        case 64: kind = .wheelUp
        case 65: kind = .wheelDown
        default: return nil
        }
        return Mouse(x: numbers[1] - 1, y: numbers[2] - 1, kind: kind)
    }

    /// Decimal numbers between semicolons; what is missing counts as 0, and a number is never above a million.
    private static func numbers(in bytes: ArraySlice<UInt8>) -> [Int] {
        bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { digits in
            digits.reduce(0) { value, digit in
                (0x30...0x39).contains(digit) ? min(1_000_000, value * 10 + Int(digit) - 0x30) : value
            }
        }
    }
}
