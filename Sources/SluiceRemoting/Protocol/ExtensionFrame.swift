/// Our own request (``RequestCode/sluice``): a version, what is asked, JSON, and bytes behind it.
///
/// The body is the JSON's length as uint32, the JSON, and the rest. Answers have the same form; so have pushes, which are
/// oneway requests from the broker.
public enum ExtensionFrame {
    /// Raised when a peer of an older version could misread the body.
    public static let version = "1"
    public static let versionField = "v"
    public static let operationField = "op"

    public enum Operation: String, Sendable {
        case call, publish, push
    }

    public static func body(json: [UInt8], bytes: [UInt8] = []) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(4 + json.count + bytes.count)
        FrameWriter.put(UInt32(json.count), &body)
        body.append(contentsOf: json)
        body.append(contentsOf: bytes)
        return body
    }

    /// Nil when the lengths do not agree.
    public static func parts(_ body: [UInt8]) -> (json: ArraySlice<UInt8>, bytes: ArraySlice<UInt8>)? {
        guard body.count >= 4 else { return nil }
        let count = Int(body[0]) << 24 | Int(body[1]) << 16 | Int(body[2]) << 8 | Int(body[3])
        guard count <= body.count - 4 else { return nil }
        return (body[4..<(4 + count)], body[(4 + count)...])
    }

    public static func request(_ operation: Operation, json: [UInt8], bytes: [UInt8] = []) -> Frame {
        Frame(
            code: RequestCode.sluice,
            fields: [.init(versionField, version), .init(operationField, operation.rawValue)],
            body: body(json: json, bytes: bytes))
    }
}
