import SluiceRemoting

/// Bytes as a connection sees them, for tests of what reads them.
enum WireBytes {
    /// What stands at the front of the bytes.
    static func scan(_ bytes: [UInt8]) -> FrameScanner.Result {
        bytes.withUnsafeBytes { FrameScanner.scan($0) }
    }

    /// The header as a frame without a body.
    static func header(_ bytes: [UInt8], _ type: HeaderType = .json) throws -> Frame {
        let result: Result<Frame, JSONError> = bytes.withUnsafeBytes { raw in
            let reader = HeaderReader()
            do throws(JSONError) {
                try reader.read(raw, type)
                return .success(Frame(reader, body: UnsafeRawBufferPointer(start: nil, count: 0)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static func header(_ text: String) throws -> Frame { try header(Array(text.utf8)) }

    /// A field's value as a header that consists of these bytes would give it.
    static func value<T>(_ text: String, isEscaped: Bool = false, _ body: (FieldValue) -> T) -> T {
        Array(text.utf8).withUnsafeBytes { body(FieldValue(bytes: $0, isEscaped: isEscaped)) }
    }

    static func bytes(hex: String) -> [UInt8] {
        var digits = hex.utf8.filter { $0 != UInt8(ascii: " ") }.map { $0 < 58 ? $0 - 48 : $0 - 87 }[...]
        var bytes: [UInt8] = []
        while let high = digits.popFirst(), let low = digits.popFirst() { bytes.append(high << 4 | low) }
        return bytes
    }
}
