import Glibc

/// The texts that the sources give to be translated, found by reading the sources.
enum SourceTexts {
    /// Of the console: arguments of `tr` and `later`, nouns of `Format.plural`, titles of columns, and what the tables of
    /// keys and commands say.
    static let used: Set<String> = {
        var texts: Set<String> = []
        for file in files(root + "/Sources/SluiceConsole") where !file.contains("/Language/Chinese") {
            texts.formUnion(Self.texts(of: read(file), isTable: file.contains("/Keys/")))
        }
        return texts
    }()

    /// All texts of the scenarios and of the features table, which do not know the console.
    static let others: Set<String> = {
        var texts: Set<String> = []
        for file in ["SluiceScenarios", "sluice/Demo", "SluiceCluster/Features"].flatMap({
            files(root + "/Sources/" + $0)
        }) {
            texts.formUnion(Scanner(read(file)).literals().map(\.text))
        }
        return texts
    }()

    static func texts(of source: String, isTable: Bool) -> Set<String> {
        var texts: Set<String> = []
        for literal in Scanner(source).literals() {
            switch literal.call {
            case "tr", "tr key:", "later", "Column": texts.insert(literal.text)
            case "plural" where literal.argument == 1: texts.insert("{1} " + literal.text)
            default: if isTable, ["help:", "label:"].contains(literal.label) { texts.insert(literal.text) }
            }
        }
        return texts
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    private static func files(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".swift") {
                found.append(folder + "/" + name)
            } else if !name.hasPrefix(".") {
                found += files(folder + "/" + name)
            }
        }
        return found
    }

    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Reads the texts in quotes of a Swift source, also those inside of what stands in others.
private struct Scanner {
    struct Literal {
        /// With {1}, {2} for what is put in.
        var text: String
        /// The function whose argument it begins, with its label: `tr`, `tr key:`.
        var call: String
        /// The label in front of it, with its colon.
        var label: String
        /// Which argument of the call it stands in, from 0.
        var argument: Int
    }

    private let source: [UInt8]
    private var place = 0
    private var found: [Literal] = []

    init(_ source: String) { self.source = Array(source.utf8) }

    func literals() -> [Literal] {
        var scanner = self
        while scanner.place < scanner.source.count { scanner.code(name: "") }
        return scanner.found
    }

    private func at(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return source[min(place, source.count)...].starts(with: wanted)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == 0x5F || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// Up to the end of the parentheses or of the source. `name` is what was called with them.
    private mutating func code(name: String) {
        var word = ""
        var label = ""
        var argument = 0
        var isFirst = true
        while place < source.count {
            let byte = source[place]
            if at("//") {
                while place < source.count, source[place] != 0x0A { place += 1 }
            } else if at("#\"\"\"") || at("\"\"\"") {
                place += at("#") ? 4 : 3
                while place < source.count, !at("\"\"\"") { place += 1 }
                place += 3
            } else if byte == 0x22 {
                place += 1
                let text = literal()
                let call = isFirst ? (label.isEmpty ? name : "\(name) \(label)") : name == "plural" ? name : ""
                found.append(Literal(text: text, call: call, label: label, argument: argument))
                (word, label, isFirst) = ("", "", false)
            } else if byte == 0x28 {
                place += 1
                code(name: word)
                (word, isFirst) = ("", false)
            } else if byte == 0x29 {
                place += 1
                return
            } else {
                if Self.isWord(byte) {
                    word.unicodeScalars.append(Unicode.Scalar(byte))
                } else if byte == 0x3A {
                    (label, word) = (word + ":", "")
                } else if byte == 0x2C {
                    argument += 1
                    (label, word, isFirst) = ("", "", false)
                } else if byte == 0x20 || byte == 0x0A {
                    word = ""
                } else {
                    if byte != 0x2E, !word.isEmpty || !label.isEmpty { isFirst = false }
                    (word, label) = ("", "")
                }
                place += 1
            }
        }
    }

    /// The rest of a text behind its opening quote.
    private mutating func literal() -> String {
        var text: [UInt8] = []
        var values = 0
        while place < source.count, source[place] != 0x22 {
            guard source[place] == 0x5C else {
                text.append(source[place])
                place += 1
                continue
            }
            let next = place + 1 < source.count ? source[place + 1] : 0
            place += 2
            switch next {
            case 0x28:
                values += 1
                text += Array("{\(values)}".utf8)
                code(name: "")
            case 0x75:
                let hex = source[place...].prefix { $0 != 0x7D }.dropFirst()
                let scalar = UInt32(String(decoding: hex, as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
                text += Array(scalar.map { String(Character($0)) } ?? "").flatMap { Array(String($0).utf8) }
                place += hex.count + 2
            case 0x6E: text.append(0x0A)
            default: text.append(next)
            }
        }
        place += 1
        return String(decoding: text, as: UTF8.self)
    }
}
