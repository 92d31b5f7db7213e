import Glibc

/// A field's value as it stands in a header: bytes of it, with JSON escapes or without. It must not outlive them.
public struct FieldValue {
    public let bytes: UnsafeRawBufferPointer
    public let isEscaped: Bool

    public init(bytes: UnsafeRawBufferPointer, isEscaped: Bool) {
        self.bytes = bytes
        self.isEscaped = isEscaped
    }

    public var text: String { isEscaped ? JSONText.unescaped(bytes) : String(decoding: bytes, as: UTF8.self) }

    /// Bytes that ``write(to:)`` writes.
    public var count: Int { isEscaped ? JSONText.unescapedCount(bytes) : bytes.count }

    public func write(to target: UnsafeMutableRawPointer) {
        if isEscaped {
            JSONText.unescape(bytes, into: target)
        } else if let base = bytes.baseAddress {
            target.copyMemory(from: base, byteCount: bytes.count)
        }
    }

    /// The whole number these bytes spell; nil when they do not, or when it leaves Int64.
    public var integer: Int64? {
        var at = 0
        var isNegative = false
        if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            at = 1
        }
        guard at < bytes.count else { return nil }
        var value: Int64 = 0
        while at < bytes.count {
            let digit = bytes[at] &- 48
            guard digit < 10 else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            // Downwards, since the smallest number has no positive twin.
            let (sum, overAgain) = product.subtractingReportingOverflow(Int64(digit))
            guard !over, !overAgain else { return nil }
            value = sum
            at += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    public var int32: Int32? { integer.flatMap { Int32(exactly: $0) } }
    /// `true` and `false`; the clients in C++ write 1 and 0.
    public var bool: Bool? {
        if bytes.equals("true") || bytes.equals("1") { return true }
        return bytes.equals("false") || bytes.equals("0") ? false : nil
    }
}

extension UnsafeRawBufferPointer {
    /// True when these bytes are the text.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let baseAddress else { return count == 0 && text.utf8CodeUnitCount == 0 }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }
}
