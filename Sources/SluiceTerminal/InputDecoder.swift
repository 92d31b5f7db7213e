import SluiceConsole

/// Turns the bytes that a terminal sends into keys, pasted text and mouse events, byte by byte, whatever way they are
/// cut. Sequences that mean nothing are swallowed whole, so that no part of them is taken for typing.
struct InputDecoder {
    enum Input: Equatable {
        case key(Key)
        case paste(String)
        case mouse(Mouse)
    }

    private enum State: Equatable {
        case ground
        /// In a character of several bytes.
        case utf8(needed: Int)
        case escape
        /// After ESC [ or ESC O.
        case sequence(introducer: UInt8)
        case paste
        /// After ESC ] or ESC P, to the end of the string.
        case string
    }
    private var state = State.ground
    private var bytes: [UInt8] = []
    /// An ESC before this one: Alt with a function key, or the key itself twice.
    private var hasAlt = false

    /// A pasted text keeps so many bytes and loses the rest.
    static let maxPaste = 1 << 20
    private static let maxSequence = 64

    /// True while an ESC waits for what follows; when nothing does for a moment, call ``flush()``.
    var isPending: Bool { state != .ground && state != .paste }

    /// Takes a byte in and appends what it completed.
    mutating func feed(_ byte: UInt8, into inputs: inout [Input]) {
        switch state {
        case .ground: ground(byte, &inputs)
        case .utf8(let needed): utf8(byte, needed, &inputs)
        case .escape: escape(byte, &inputs)
        case .sequence(let introducer): sequence(byte, introducer, &inputs)
        case .paste: paste(byte, &inputs)
        case .string: string(byte)
        }
    }

    /// Nothing came for a moment: what is there stands for itself.
    mutating func flush() -> [Input] {
        defer { reset() }
        switch state {
        case .escape: return hasAlt ? [.key(.escape), .key(.escape)] : [.key(.escape)]
        case .sequence(let introducer) where bytes.isEmpty:
            return [.key(.alt(Character(Unicode.Scalar(introducer))))]
        case .utf8: return [.key(.character("\u{FFFD}"))]
        case .ground, .sequence, .string, .paste: return []
        }
    }

    private mutating func reset() {
        guard state != .paste else { return }
        state = .ground
        bytes.removeAll(keepingCapacity: true)
        hasAlt = false
    }
}

// MARK: Characters
extension InputDecoder {
    private mutating func ground(_ byte: UInt8, _ inputs: inout [Input]) {
        switch byte {
        case 0x1B: state = .escape
        case 0..<0x20, 0x7F: inputs.append(.key(InputDecoder.control(byte)))
        case 0x20..<0x7F: inputs.append(.key(.character(Character(Unicode.Scalar(byte)))))
        case 0xC2..<0xE0: start(byte, 2)
        case 0xE0..<0xF0: start(byte, 3)
        case 0xF0..<0xF5: start(byte, 4)
        default: inputs.append(.key(.character("\u{FFFD}")))
        }
    }

    private mutating func start(_ byte: UInt8, _ needed: Int) {
        bytes = [byte]
        state = .utf8(needed: needed)
    }

    private mutating func utf8(_ byte: UInt8, _ needed: Int, _ inputs: inout [Input]) {
        guard byte & 0xC0 == 0x80 else {
            inputs.append(.key(.character("\u{FFFD}")))
            reset()
            ground(byte, &inputs)
            return
        }
        bytes.append(byte)
        guard bytes.count == needed else { return }
        let character = String(validating: bytes, as: UTF8.self)?.first ?? "\u{FFFD}"
        inputs.append(.key(hasAlt ? .alt(character) : .character(character)))
        reset()
    }

    static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x09: .tab
        case 0x0A, 0x0D: .enter
        case 0x1B: .escape
        case 0x7F: .backspace
        case 0: .control(" ")
        case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
        default: .control(Character(Unicode.Scalar(byte + 0x40)))
        }
    }
}

// MARK: Escapes
extension InputDecoder {
    private mutating func escape(_ byte: UInt8, _ inputs: inout [Input]) {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            state = .sequence(introducer: byte)
            bytes.removeAll(keepingCapacity: true)
        case UInt8(ascii: "]"), UInt8(ascii: "P"): state = .string
        case 0x1B:
            if hasAlt { inputs.append(.key(.escape)) }
            hasAlt = true
        case 0x20..<0x7F:
            inputs.append(.key(.alt(Character(Unicode.Scalar(byte)))))
            reset()
        case 0x80...:
            hasAlt = true
            state = .ground
            ground(byte, &inputs)
            if state == .ground { reset() }
        default:
            // Alt with a control key: what it is without, after ESC.
            inputs.append(.key(byte == 0x7F ? .alt("\u{7F}") : .escape))
            if byte != 0x7F { inputs.append(.key(InputDecoder.control(byte))) }
            reset()
        }
    }

    private mutating func sequence(_ byte: UInt8, _ introducer: UInt8, _ inputs: inout [Input]) {
        // The Linux console sends ESC [ [ A for F1.
        let isLinux = introducer == UInt8(ascii: "[") && bytes == [UInt8(ascii: "[")]
        guard byte >= 0x20, byte < 0x7F else {
            reset()
            if byte == 0x1B { state = .escape }
            return
        }
        // Of one that is far too long only the end matters: it means nothing.
        if bytes.count < InputDecoder.maxSequence { bytes.append(byte) }
        let isFirstBracket = bytes == [UInt8(ascii: "[")] && introducer == UInt8(ascii: "[")
        guard (byte >= 0x40 && !isFirstBracket) || isLinux else { return }
        let body = bytes
        let alt = hasAlt
        reset()
        finish(body, introducer, alt: alt, &inputs)
    }

    private mutating func finish(_ body: [UInt8], _ introducer: UInt8, alt: Bool, _ inputs: inout [Input]) {
        guard body.count < InputDecoder.maxSequence else { return }
        if introducer == UInt8(ascii: "["), body == Array("200~".utf8) {
            state = .paste
            return
        }
        if body.first == UInt8(ascii: "<") {
            if let mouse = EscapeSequence.mouse(body) { inputs.append(.mouse(mouse)) }
            return
        }
        guard let key = EscapeSequence.key(body, introducer: introducer) else { return }
        if alt { inputs.append(.key(.escape)) }
        inputs.append(.key(key))
    }

    private mutating func string(_ byte: UInt8) {
        // Ends with BEL or ESC \; the backslash then counts as part of the escape.
        if byte == 0x07 || byte == 0x9C || (byte == UInt8(ascii: "\\") && bytes.last == 0x1B) {
            reset()
        } else {
            bytes = [byte]
        }
    }
}

// MARK: Paste
extension InputDecoder {
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    private mutating func paste(_ byte: UInt8, _ inputs: inout [Input]) {
        bytes.append(byte)
        let end = InputDecoder.pasteEnd
        if byte == end.last, bytes.suffix(end.count) == end[...] {
            let text = String(decoding: bytes.dropLast(end.count), as: UTF8.self)
            inputs.append(.paste(InputDecoder.newlines(text)))
            state = .ground
            reset()
        } else if bytes.count >= InputDecoder.maxPaste + end.count {
            // Full: what comes now pushes out the byte before the possible start of the end mark.
            bytes.remove(at: bytes.count - end.count - 1)
        }
    }

    /// Terminals paste line ends as carriage returns.
    private static func newlines(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var before: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\n", before == "\r" {
                before = scalar
                continue
            }
            result.append(scalar == "\r" ? "\n" : scalar)
            before = scalar
        }
        return String(result)
    }
}
