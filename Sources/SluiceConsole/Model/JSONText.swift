/// Lays JSON out in lines. Numbers and strings stay byte for byte what they were.
enum JSONText {
    /// Nil for what is not one JSON value; nesting deeper than 200 is taken for none.
    static func pretty(_ bytes: [UInt8]) -> String? {
        var printer = Printer(bytes: bytes)
        printer.space()
        guard printer.value(depth: 0) else { return nil }
        printer.space()
        return printer.place == bytes.count ? String(validating: printer.out, as: UTF8.self) : nil
    }

    private struct Printer {
        let bytes: [UInt8]
        var place = 0
        var out: [UInt8] = []
        var next: UInt8? { place < bytes.count ? bytes[place] : nil }

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func space() {
            while let byte = next, byte == 32 || byte == 9 || byte == 10 || byte == 13 { place += 1 }
        }

        private mutating func take(_ byte: Character) -> Bool {
            guard next == byte.asciiValue else { return false }
            place += 1
            return true
        }

        private mutating func line(_ depth: Int) {
            out.append(10)
            out.append(contentsOf: repeatElement(32, count: depth * 2))
        }

        mutating func value(depth: Int) -> Bool {
            guard depth <= 200, let byte = next else { return false }
            switch Character(Unicode.Scalar(byte)) {
            case "{": return list("{", "}", depth) { $0.member(depth: depth + 1) }
            case "[": return list("[", "]", depth) { $0.value(depth: depth + 1) }
            case "\"": return string()
            default: return word()
            }
        }

        private mutating func list(
            _ open: Character, _ close: Character, _ depth: Int, _ item: (inout Printer) -> Bool
        ) -> Bool {
            guard take(open) else { return false }
            out.append(contentsOf: String(open).utf8)
            space()
            if take(close) {
                out.append(contentsOf: String(close).utf8)
                return true
            }
            repeat {
                if out.last == UInt8(ascii: ",") || out.last == open.asciiValue { line(depth + 1) }
                space()
                guard item(&self) else { return false }
                space()
                guard next == UInt8(ascii: ",") else { break }
                out.append(UInt8(ascii: ","))
            } while take(",")
            guard take(close) else { return false }
            line(depth)
            out.append(contentsOf: String(close).utf8)
            return true
        }

        private mutating func member(depth: Int) -> Bool {
            guard string() else { return false }
            space()
            guard take(":") else { return false }
            out.append(contentsOf: ": ".utf8)
            space()
            return value(depth: depth)
        }

        private mutating func string() -> Bool {
            let start = place
            guard take("\"") else { return false }
            while let byte = next {
                if byte < 32 { return false }
                place += byte == UInt8(ascii: "\\") ? 2 : 1
                if byte == UInt8(ascii: "\"") {
                    out.append(contentsOf: bytes[start..<place])
                    return true
                }
            }
            return false
        }

        /// A number, true, false or null.
        private mutating func word() -> Bool {
            let start = place
            while let byte = next, (48...57).contains(byte) || (97...122).contains(byte) || "+-.E".utf8.contains(byte) {
                place += 1
            }
            let text = String(decoding: bytes[start..<place], as: UTF8.self)
            guard ["true", "false", "null"].contains(text) || (Double(text) != nil && text.first?.isLetter == false)
            else {
                return false
            }
            out.append(contentsOf: bytes[start..<place])
            return true
        }
    }
}
