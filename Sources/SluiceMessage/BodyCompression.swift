import CDeflate

/// Compressed message bodies (remoting, 8): zlib streams here; what other clients wrote by LZ4 or zstd stays as it is.
public enum BodyCompression {
    /// The body as a zlib stream of level 5, RocketMQ's default; nil when that would not be shorter.
    public static func compress(_ body: [UInt8]) -> [UInt8]? {
        guard let compressor = libdeflate_alloc_compressor(5) else { return nil }
        defer { libdeflate_free_compressor(compressor) }
        var packed = [UInt8](repeating: 0, count: body.count)
        let size = libdeflate_zlib_compress(compressor, body, body.count, &packed, packed.count)
        guard size > 0, size < body.count else { return nil }
        packed.removeLast(packed.count - size)
        return packed
    }

    /// The plain body of a zlib stream; nil when it is none or grows beyond `limit` bytes.
    public static func decompress(_ packed: [UInt8], limit: Int = 4 * Limits.maxBodyBytes) -> [UInt8]? {
        guard let decompressor = libdeflate_alloc_decompressor() else { return nil }
        defer { libdeflate_free_decompressor(decompressor) }
        var capacity = min(limit, max(1_024, packed.count * 4))
        while true {
            var body = [UInt8](repeating: 0, count: capacity)
            var size = 0
            switch libdeflate_zlib_decompress(decompressor, packed, packed.count, &body, capacity, &size) {
            case LIBDEFLATE_SUCCESS:
                body.removeLast(capacity - size)
                return body
            case LIBDEFLATE_INSUFFICIENT_SPACE where capacity < limit: capacity = min(limit, capacity * 4)
            default: return nil
            }
        }
    }
}

extension StoredMessage {
    /// True when the body is compressed in a way this program can undo.
    public var isCompressed: Bool { systemFlag & SystemFlag.compressed != 0 }

    /// The message with its body as its producer gave it; itself when it is not compressed by zlib, or damaged.
    public func decompressed() -> StoredMessage {
        let method = systemFlag & SystemFlag.compressionMask
        guard isCompressed, method == 0 || method == SystemFlag.zlib, let plain = BodyCompression.decompress(body)
        else {
            return self
        }
        var message = self
        message.body = plain
        message.systemFlag &= ~(SystemFlag.compressed | SystemFlag.compressionMask)
        return message
    }
}
