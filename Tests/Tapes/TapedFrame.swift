import SluiceRemoting

/// A frame of a tape, taken apart.
public struct TapedFrame: Sendable {
    /// Index of its event in the tape.
    public var event: Int
    public var connection: Int
    public var peer: String
    public var isFromClient: Bool
    public var milliseconds: Int64
    public var frame: Frame
    /// Index among the tape's frames of the request that this answers, or of the response to it.
    public var partner: Int?

    public var isRequest: Bool { !frame.isResponse }
}

extension Tape {
    /// All frames in their order, responses paired with their requests.
    public func frames() throws -> [TapedFrame] {
        var frames: [TapedFrame] = []
        var open: [Exchange: Int] = [:]
        for (index, event) in events.enumerated() {
            guard case .bytes(let bytes, isFrame: true) = event.content else { continue }
            guard let frame = Self.decode(bytes) else {
                throw Malformed("\(name) has no frame at \(event.milliseconds)")
            }
            var taped = TapedFrame(
                event: index, connection: event.connection, peer: event.peer, isFromClient: event.isFromClient,
                milliseconds: event.milliseconds, frame: frame, partner: nil)
            // A response comes from the side that the request went to.
            let exchange = Exchange(
                connection: event.connection, opaque: frame.opaque,
                isFromClient: frame.isResponse ? !event.isFromClient : event.isFromClient)
            if frame.isResponse {
                taped.partner = open.removeValue(forKey: exchange)
                if let request = taped.partner { frames[request].partner = frames.count }
            } else if !frame.isOneway {
                open[exchange] = frames.count
            }
            frames.append(taped)
        }
        return frames
    }

    private struct Exchange: Hashable {
        var connection: Int
        var opaque: Int32
        var isFromClient: Bool
    }

    /// The one frame that these bytes are; nil when they are anything else.
    public static func decode(_ bytes: [UInt8]) -> Frame? {
        bytes.withUnsafeBytes { raw in
            guard case .frame(let type, let header, let body) = FrameScanner.scan(raw), body.upperBound == raw.count
            else { return nil }
            let reader = HeaderReader()
            guard (try? reader.read(UnsafeRawBufferPointer(rebasing: raw[header]), type)) != nil else { return nil }
            return Frame(reader, body: UnsafeRawBufferPointer(rebasing: raw[body]))
        }
    }
}
