/// A text to be found in another one, byte by byte.
struct SQLSearch: Sendable {
    enum Place: Sendable { case anywhere, start, end }

    let place: Place
    private let bytes: [UInt8]
    /// For each byte, how many of the first bytes are also the last ones up to and with it (Knuth, Morris and Pratt).
    private let borders: [Int]

    init(_ text: String, _ place: Place) {
        self.place = place
        bytes = Array(text.utf8)
        borders = place == .anywhere ? SQLSearch.borders(of: bytes) : []
    }

    /// An empty text is nowhere, not even in another empty one.
    var isEmpty: Bool { bytes.isEmpty }

    func finds(in text: String) -> Bool {
        guard !bytes.isEmpty, text.utf8.count >= bytes.count else { return false }
        return switch place {
        case .anywhere: isAnywhere(in: text.utf8)
        case .start: text.utf8.starts(with: bytes)
        case .end: text.utf8.suffix(bytes.count).elementsEqual(bytes)
        }
    }

    /// Takes a time that is the sum of both lengths; naive search takes their product, and both come from strangers.
    private func isAnywhere(in text: String.UTF8View) -> Bool {
        var matched = 0
        for byte in text {
            while matched > 0, byte != bytes[matched] { matched = borders[matched - 1] }
            if byte == bytes[matched] { matched += 1 }
            if matched == bytes.count { return true }
        }
        return false
    }

    private static func borders(of bytes: [UInt8]) -> [Int] {
        var borders: [Int] = []
        var matched = 0
        for (index, byte) in bytes.enumerated() {
            while matched > 0, byte != bytes[matched] { matched = borders[matched - 1] }
            if index > 0, byte == bytes[matched] { matched += 1 }
            borders.append(matched)
        }
        return borders
    }
}
