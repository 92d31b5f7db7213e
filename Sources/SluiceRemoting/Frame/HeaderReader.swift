import Glibc

/// Takes a frame's header apart without an allocation per field: an object is used for one frame after the other, and what
/// it answers points into the bytes it was last given.
///
/// Not thread-safe; a connection has its own.
public final class HeaderReader {
    /// Request or response code.
    public private(set) var code: Int32 = 0
    /// Bit 0: response; bit 1: oneway.
    public private(set) var flag: Int32 = 0
    public private(set) var opaque: Int32 = 0
    /// Ordinal of the sender's version; 0 where it names none.
    public private(set) var version: Int32 = 0
    public private(set) var language = Language.other
    public private(set) var type = HeaderType.json
    public private(set) var remark: String?
    public private(set) var fields: ContiguousArray<Field> = []
    private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)

    /// Fields of one header at most: what is more is an attack.
    public static let maxFields = 1_024

    /// An extension field's place in the header.
    public struct Field {
        var keyStart: Int32
        var keyCount: Int32
        var valueStart: Int32
        var valueCount: Int32
        /// The value holds JSON escapes.
        var isEscaped: Bool
    }

    public init() {}

    public var isResponse: Bool { flag & FrameFlag.response != 0 }
    public var isOneway: Bool { flag & FrameFlag.oneway != 0 }

    /// Reads a header; `bytes` must live until the last field is asked for.
    public func read(_ bytes: UnsafeRawBufferPointer, _ type: HeaderType) throws(JSONError) {
        code = 0
        flag = 0
        opaque = 0
        version = 0
        language = .other
        remark = nil
        fields.removeAll(keepingCapacity: true)
        self.bytes = bytes
        self.type = type
        switch type {
        case .json: try readJSON()
        case .binary: try readBinary()
        }
    }

    // MARK: Fields

    /// The last field of that name, as it stands in the header; nil when there is none.
    public subscript(_ name: StaticString) -> FieldValue? {
        var found: FieldValue?
        for field in fields where Int(field.keyCount) == name.utf8CodeUnitCount {
            let key = bytes.baseAddress.map { $0 + Int(field.keyStart) }
            guard let key, memcmp(key, name.utf8Start, Int(field.keyCount)) == 0 else { continue }
            found = value(field)
        }
        return found
    }

    private func value(_ field: Field) -> FieldValue {
        let start = Int(field.valueStart)
        return FieldValue(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + Int(field.valueCount))]),
            isEscaped: field.isEscaped)
    }

    /// All fields as text, for those who keep them.
    public func texts() -> [(name: String, value: String)] {
        fields.map { field in
            let start = Int(field.keyStart)
            let name = String(decoding: bytes[start..<(start + Int(field.keyCount))], as: UTF8.self)
            return (name, value(field).text)
        }
    }

    // MARK: Binary (remoting frame, 3)

    private func readBinary() throws(JSONError) {
        guard bytes.count >= 21, let base = bytes.baseAddress else {
            throw JSONError(position: 0, reason: "a binary header of \(bytes.count) bytes is too short")
        }
        func integer<T: FixedWidthInteger>(_ type: T.Type, _ at: Int) -> T {
            T(bigEndian: base.loadUnaligned(fromByteOffset: at, as: T.self))
        }
        code = Int32(integer(Int16.self, 0))
        language = Language(rawValue: bytes[2]) ?? .other
        version = Int32(integer(Int16.self, 3))
        opaque = integer(Int32.self, 5)
        flag = integer(Int32.self, 9)
        let remarkBytes = Int(integer(Int32.self, 13))
        guard remarkBytes >= 0, 17 + remarkBytes + 4 <= bytes.count else {
            throw JSONError(position: 13, reason: "a remark of \(remarkBytes) bytes does not fit")
        }
        if remarkBytes > 0 { remark = String(decoding: bytes[17..<(17 + remarkBytes)], as: UTF8.self) }
        var at = 17 + remarkBytes
        let fieldBytes = Int(integer(Int32.self, at))
        at += 4
        guard fieldBytes >= 0, at + fieldBytes <= bytes.count else {
            throw JSONError(position: at, reason: "fields of \(fieldBytes) bytes do not fit")
        }
        let end = at + fieldBytes
        while at < end {
            guard at + 2 <= end else { throw JSONError(position: at, reason: "a field is cut off") }
            let keyCount = Int(integer(Int16.self, at))
            guard keyCount >= 0, at + 2 + keyCount + 4 <= end else {
                throw JSONError(position: at, reason: "a field's name of \(keyCount) bytes does not fit")
            }
            let valueAt = at + 2 + keyCount + 4
            let valueCount = Int(integer(Int32.self, valueAt - 4))
            guard valueCount >= 0, valueAt + valueCount <= end else {
                throw JSONError(position: at, reason: "a field's value of \(valueCount) bytes does not fit")
            }
            // A value without bytes is null (remoting frame, 3): as if the field were not there.
            if valueCount > 0 {
                try add(at + 2, keyCount, valueAt, valueCount, isEscaped: false)
            }
            at = valueAt + valueCount
        }
    }

    func add(
        _ keyStart: Int, _ keyCount: Int, _ valueStart: Int, _ valueCount: Int, isEscaped: Bool
    ) throws(JSONError) {
        guard fields.count < Self.maxFields else {
            throw JSONError(position: keyStart, reason: "the header has more than \(Self.maxFields) fields")
        }
        fields.append(
            Field(
                keyStart: Int32(keyStart), keyCount: Int32(keyCount), valueStart: Int32(valueStart),
                valueCount: Int32(valueCount), isEscaped: isEscaped))
    }

    // MARK: JSON (remoting frame, 2)

    /// The strict form that every client sends is read in place; anything else goes through the lenient parser.
    private func readJSON() throws(JSONError) {
        var scanner = HeaderScanner(bytes)
        if scanner.read(into: self) { return }
        fields.removeAll(keepingCapacity: true)
        try readLeniently()
    }

    func set(_ name: UnsafeRawBufferPointer, number: Int32) {
        switch name.count {
        case 4 where name.equals("code"): code = number
        case 4 where name.equals("flag"): flag = number
        case 6 where name.equals("opaque"): opaque = number
        case 7 where name.equals("version"): version = number
        case 8 where name.equals("language"): language = Language(rawValue: UInt8(truncatingIfNeeded: number)) ?? .other
        default: break
        }
    }

    func set(_ name: UnsafeRawBufferPointer, text: FieldValue) {
        switch name.count {
        case 6 where name.equals("remark"): remark = text.text
        case 8 where name.equals("language"):
            // As a number it is the language's place in the list (remoting frame, 2).
            language =
                text.integer.flatMap { UInt8(exactly: $0) }.flatMap { Language(rawValue: $0) }
                ?? Language(name: text.bytes)
        default: if let number = text.integer { set(name, number: Int32(truncatingIfNeeded: number)) }
        }
    }

    private func readLeniently() throws(JSONError) {
        let value = try JSONParser.parse(bytes)
        guard case .object(let pairs) = value else {
            throw JSONError(position: 0, reason: "the header is no object")
        }
        var extensions: [(String, String)] = []
        for pair in pairs {
            guard let name = pair.key.text else { continue }
            if name == "extFields" {
                extensions = pair.value.pairs.compactMap { field in
                    guard let key = field.key.text, let value = field.value.text else { return nil }
                    return (key, value)
                }
            } else if name == "remark" {
                remark = pair.value.text
            } else if let text = pair.value.text {
                setLeniently(name, text)
            }
        }
        // Kept in a buffer of our own, so that fields point somewhere.
        let size = extensions.reduce(1) { $0 + $1.0.utf8.count + $1.1.utf8.count }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        lenientCopy?.deallocate()
        lenientCopy = copy
        bytes = UnsafeRawBufferPointer(copy)
        var at = 0
        for (key, value) in extensions {
            for (index, byte) in (Array(key.utf8) + value.utf8).enumerated() { copy[at + index] = byte }
            try add(at, key.utf8.count, at + key.utf8.count, value.utf8.count, isEscaped: false)
            at += key.utf8.count + value.utf8.count
        }
    }

    private var lenientCopy: UnsafeMutableRawBufferPointer?
    deinit { lenientCopy?.deallocate() }

    private func setLeniently(_ name: String, _ text: String) {
        var name = name
        var text = text
        name.withUTF8 { name in
            text.withUTF8 { text in
                set(
                    UnsafeRawBufferPointer(name),
                    text: FieldValue(bytes: UnsafeRawBufferPointer(text), isEscaped: false))
            }
        }
    }
}
