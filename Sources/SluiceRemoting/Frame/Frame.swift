/// A whole frame as a value of its own: for all but the requests whose rate matters.
public struct Frame: Sendable, Equatable {
    public var code: Int32
    public var flag: Int32
    public var opaque: Int32
    public var version: Int32
    public var language: Language
    public var remark: String?
    /// In the order of the wire; the last of a name counts. Nil leaves `extFields` out of a JSON header.
    public var fields: [Field]?
    public var body: [UInt8]
    public var type: HeaderType

    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        code: Int32, flag: Int32 = 0, opaque: Int32 = 0, version: Int32 = WireVersion.ours, language: Language = .other,
        remark: String? = nil, fields: [Field]? = nil, body: [UInt8] = [], type: HeaderType = .json
    ) {
        self.code = code
        self.flag = flag
        self.opaque = opaque
        self.version = version
        self.language = language
        self.remark = remark
        self.fields = fields
        self.body = body
        self.type = type
    }

    public init(_ reader: HeaderReader, body: UnsafeRawBufferPointer) {
        self.init(
            code: reader.code, flag: reader.flag, opaque: reader.opaque, version: reader.version,
            language: reader.language, remark: reader.remark,
            fields: reader.texts().map { Field($0.name, $0.value) }, body: Array(body), type: reader.type)
    }

    public var isResponse: Bool { flag & FrameFlag.response != 0 }
    public var isOneway: Bool { flag & FrameFlag.oneway != 0 }

    public subscript(_ name: String) -> String? { fields?.last { $0.name == name }?.value }
    public func integer(_ name: String) -> Int64? { self[name].flatMap { Int64($0) } }
    /// `true` and `false`; the clients in C++ write 1 and 0.
    public func bool(_ name: String) -> Bool? {
        switch self[name] {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }

    /// The body as JSON; nil when there is none.
    public func json() throws(JSONError) -> JSONValue? { body.isEmpty ? nil : try JSONParser.parse(body) }

    /// Appends the frame as it goes over the wire.
    public func encode(into bytes: inout [UInt8]) {
        encodeHeader(into: &bytes, bodyBytes: body.count)
        bytes.append(contentsOf: body)
    }

    /// Appends all but the body, which has so many bytes and is written by the caller.
    public func encodeHeader(into bytes: inout [UInt8], bodyBytes: Int) {
        let start = FrameWriter.begin(&bytes)
        switch type {
        case .json: encodeJSON(&bytes)
        case .binary: encodeBinary(&bytes)
        }
        FrameWriter.endHeader(&bytes, start, type, bodyBytes: bodyBytes)
    }

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    /// Keys in alphabetical order, as fastjson writes them (remoting frame, 2).
    private func encodeJSON(_ bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"code\":\(code)".utf8)
        if let fields {
            bytes.append(contentsOf: ",\"extFields\":{".utf8)
            for (index, field) in fields.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONText.quote(field.name, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                JSONText.quote(field.value, into: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: ",\"flag\":\(flag),\"language\":\"\(language.name)\",\"opaque\":\(opaque)".utf8)
        if let remark {
            bytes.append(contentsOf: ",\"remark\":".utf8)
            JSONText.quote(remark, into: &bytes)
        }
        bytes.append(contentsOf: ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":\(version)}".utf8)
    }

    private func encodeBinary(_ bytes: inout [UInt8]) {
        FrameWriter.put(Int16(truncatingIfNeeded: code), &bytes)
        bytes.append(language.rawValue)
        FrameWriter.put(Int16(truncatingIfNeeded: version), &bytes)
        FrameWriter.put(opaque, &bytes)
        FrameWriter.put(flag, &bytes)
        FrameWriter.put(Int32(remark?.utf8.count ?? 0), &bytes)
        if let remark { bytes.append(contentsOf: remark.utf8) }
        let start = bytes.count
        FrameWriter.put(Int32(0), &bytes)
        for field in fields ?? [] {
            FrameWriter.put(Int16(truncatingIfNeeded: field.name.utf8.count), &bytes)
            bytes.append(contentsOf: field.name.utf8)
            FrameWriter.put(Int32(field.value.utf8.count), &bytes)
            bytes.append(contentsOf: field.value.utf8)
        }
        FrameWriter.patch(Int32(bytes.count - start - 4), at: start, &bytes)
    }
}

/// Pieces that every frame is written with.
public enum FrameWriter {
    /// Leaves room for length and header word; returns where the frame starts.
    public static func begin(_ bytes: inout [UInt8]) -> Int {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 8))
        return start
    }

    /// The header is complete: fills in what ``begin(_:)`` left room for. The body follows.
    public static func endHeader(_ bytes: inout [UInt8], _ start: Int, _ type: HeaderType, bodyBytes: Int) {
        let header = bytes.count - start - 8
        patch(Int32(4 + header + bodyBytes), at: start, &bytes)
        patch(UInt32(type.rawValue) << 24 | UInt32(header), at: start + 4, &bytes)
    }

    @inline(__always)
    public static func put<T: FixedWidthInteger>(_ value: T, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    static func patch<T: FixedWidthInteger>(_ value: T, at position: Int, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { raw in
            for (index, byte) in raw.enumerated() { bytes[position + index] = byte }
        }
    }
}
