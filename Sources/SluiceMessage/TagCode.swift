/// The tag code of consume queue units: Java's `String.hashCode` of the tag (message format, 7).
public enum TagCode {
    /// h = 31·h + unit over UTF-16 units, wrapping; 0 without a tag.
    public static func of(_ tag: UnsafeRawBufferPointer?) -> Int32 {
        guard let tag else { return 0 }
        var hash: Int32 = 0
        for byte in tag {
            guard byte < 0x80 else { return of(String(decoding: tag, as: UTF8.self)) }
            hash = hash &* 31 &+ Int32(byte)
        }
        return hash
    }

    public static func of(_ tag: String) -> Int32 {
        tag.utf16.reduce(into: Int32(0)) { $0 = $0 &* 31 &+ Int32($1) }
    }
}

/// A consumer's tag filter: `*` or `tagA || tagB`. The codes decide first, the exact tags afterwards.
public struct TagFilter: Sendable, Equatable {
    public let tags: Set<String>
    public let codes: Set<Int32>
    public static let all = TagFilter("*")

    public init(_ expression: String) {
        var tags: Set<String> = []
        var start = expression.startIndex
        var pieces: [Substring] = []
        while let bars = expression[start...].firstRange(ofBars: "||") {
            pieces.append(expression[start..<bars.lowerBound])
            start = bars.upperBound
        }
        pieces.append(expression[start...])
        for piece in pieces {
            let tag = String(piece.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            if !tag.isEmpty { tags.insert(tag) }
        }
        if tags.contains("*") { tags = [] }
        self.tags = tags
        codes = Set(tags.map { TagCode.of($0) })
    }

    public var passesAll: Bool { tags.isEmpty }
    /// The quick test by code alone, which a consume queue unit can answer.
    @inlinable
    public func mayPass(code: Int32) -> Bool { tags.isEmpty || codes.contains(code) }
    /// The exact test; an untagged message passes only `*`.
    public func passes(_ tag: String?) -> Bool { tags.isEmpty || tag.map(tags.contains) == true }
}

extension Substring {
    fileprivate func firstRange(ofBars bars: String) -> Range<Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(bars) { return at..<index(at, offsetBy: bars.count) }
            at = index(after: at)
        }
        return nil
    }
}
