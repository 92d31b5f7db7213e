/// A message body as lines to look at.
struct BodyLines: Sendable {
    let view: BodyView
    private let lines: [String]
    private let bytes: [UInt8]
    /// Said when not all of it is shown.
    let note: String?
    /// Bytes that are made into text; all of it can be seen as hex.
    static let textLimit = 256 * 1024

    init(_ body: [UInt8], as view: BodyView, width: Int) {
        self.view = view
        bytes = body
        let head = body.prefix(Self.textLimit)
        var note: String?
        if body.count > head.count {
            note = tr("first \(Format.bytes(head.count)) of \(Format.bytes(body.count)); all as hex")
        }
        switch view {
        case .hex:
            lines = []
            note = nil
        case .text:
            let text = String(decoding: head, as: UTF8.self)
            if note == nil, Array(text.utf8) != body { note = tr("not UTF-8: \u{FFFD} stands for what is not text") }
            lines = Self.wrap(text, width: width)
        case .json:
            if let pretty = body.count == head.count ? JSONText.pretty(body) : nil {
                lines = Self.wrap(pretty, width: width)
            } else {
                note = body.count == head.count ? tr("not JSON: shown as text") : note
                lines = Self.wrap(String(decoding: head, as: UTF8.self), width: width)
            }
        }
        self.note = note
    }

    var count: Int { view == .hex ? (bytes.count + 15) / 16 : lines.count }

    subscript(index: Int) -> String {
        guard index >= 0, index < count else { return "" }
        return view == .hex ? hexLine(index) : lines[index]
    }

    private func hexLine(_ index: Int) -> String {
        let digits = Array("0123456789abcdef")
        let row = bytes[(index * 16)..<min(bytes.count, index * 16 + 16)]
        var text = ""
        for shift in stride(from: 20, through: 0, by: -4) { text.append(digits[(index * 16 >> shift) & 15]) }
        text += "  "
        for (position, byte) in row.enumerated() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
            text += position == 7 ? "  " : " "
        }
        text += String(repeating: " ", count: (16 - row.count) * 3 + (row.count < 8 ? 1 : 0)) + " "
        for byte in row { text.append((32..<127).contains(byte) ? Character(Unicode.Scalar(byte)) : "·") }
        return text
    }

    private static func wrap(_ text: String, width: Int) -> [String] {
        let width = max(4, width)
        var lines: [String] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            // A tab would be one picture of a control character otherwise.
            let clean = TextSanitiser.sanitise(line.contains("\t") ? line.replacingTabs() : String(line))
            var rest = Substring(clean)
            repeat {
                var used = 0
                let part = rest.prefix { character in
                    used += DisplayWidth.of(character)
                    return used <= width
                }
                lines.append(String(part))
                rest = rest.dropFirst(max(1, part.count))
            } while !rest.isEmpty
        }
        return lines
    }
}

extension Substring {
    fileprivate func replacingTabs() -> String {
        reduce(into: "") { result, character in
            if character == "\t" {
                result += String(repeating: " ", count: 4 - result.count % 4)
            } else {
                result.append(character)
            }
        }
    }
}
