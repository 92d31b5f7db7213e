/// How a frame's header is written (remoting frame, 1): the top byte of its header word.
public enum HeaderType: UInt8, Sendable {
    case json = 0
    /// RocketMQ's own binary form; a client asks for it frame by frame.
    case binary = 1
}

/// Finds frames in a stream of bytes: total length, header word, header, body.
public enum FrameScanner {
    /// Bytes of a frame at most, its length word included (Netty's decoder in RocketMQ: 16,777,216).
    public static let maxFrameBytes = 16 << 20

    /// What stands at the front of the bytes so far.
    public enum Result: Equatable {
        /// More bytes are needed: so many in all, as far as is known.
        case incomplete(need: Int)
        case frame(type: HeaderType, header: Range<Int>, body: Range<Int>)
        /// These bytes are no frame; the connection cannot go on.
        case invalid(String)
    }

    public static func scan(_ bytes: UnsafeRawBufferPointer) -> Result {
        guard bytes.count >= 4, let base = bytes.baseAddress else { return .incomplete(need: 4) }
        let length = Int(Int32(bigEndian: base.loadUnaligned(as: Int32.self)))
        guard length >= 4 else { return .invalid("a frame of \(length) bytes is too short for its header word") }
        guard length + 4 <= maxFrameBytes else {
            return .invalid("a frame of \(length + 4) bytes is over the limit of \(maxFrameBytes)")
        }
        guard bytes.count >= 8 else { return .incomplete(need: length + 4) }
        let word = UInt32(bigEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let header = Int(word & 0xFF_FFFF)
        guard header <= length - 4 else {
            return .invalid("a header of \(header) bytes does not fit into a frame of \(length)")
        }
        guard let type = HeaderType(rawValue: UInt8(word >> 24)) else {
            return .invalid("there is no header type \(word >> 24)")
        }
        guard bytes.count >= length + 4 else { return .incomplete(need: length + 4) }
        return .frame(type: type, header: 8..<(8 + header), body: (8 + header)..<(length + 4))
    }
}
