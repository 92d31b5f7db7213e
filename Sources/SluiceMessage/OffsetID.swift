/// RocketMQ's offset message id: IPv4 address, port as int32 and physical offset as int64 in upper-case hex, 32 digits.
public enum OffsetID {
    /// The id of the record at `physicalOffset` on the broker at `storeHost` (`a.b.c.d:port`).
    public static func text(storeHost: String, physicalOffset: Int64) -> String {
        text(HostAddress(storeHost), physicalOffset: physicalOffset)
    }

    /// The id of the record at `physicalOffset` on the broker at `host`.
    public static func text(_ host: HostAddress, physicalOffset: Int64) -> String {
        let halves = [UInt64(host.address) << 32 | UInt64(host.port), UInt64(bitPattern: physicalOffset)]
        return String(unsafeUninitializedCapacity: 32) { digits in
            for position in 0..<32 {
                let digit = UInt8(truncatingIfNeeded: halves[position / 16] >> UInt64(60 - 4 * (position % 16))) & 15
                digits[position] = digit + (digit < 10 ? 48 : 55)
            }
            return 32
        }
    }

    /// Appends the id's 32 digits.
    public static func append(_ host: HostAddress, physicalOffset: Int64, to bytes: inout [UInt8]) {
        let halves = [UInt64(host.address) << 32 | UInt64(host.port), UInt64(bitPattern: physicalOffset)]
        for half in halves {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: half >> shift) & 15
                bytes.append(digit + (digit < 10 ? 48 : 55))
            }
        }
    }

    /// The physical offset an id names; nil when it is not 32 hex digits.
    public static func physicalOffset(_ id: String) -> Int64? {
        let digits = Array(id.utf8)
        guard digits.count == 32, digits.allSatisfy(isHex) else { return nil }
        return UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16).map { Int64(bitPattern: $0) }
    }

    /// Address as a big-endian number and port of `a.b.c.d:port`; zeros for what does not parse.
    static func parts(of host: String) -> (address: UInt32, port: UInt32) {
        let pieces = host.split(separator: ":", maxSplits: 1)
        var address: UInt32 = 0
        for part in pieces.first?.split(separator: ".") ?? [] {
            address = address << 8 | UInt32(UInt8(part) ?? 0)
        }
        let port = pieces.count > 1 ? UInt32(pieces[1]) ?? 0 : 0
        return (address, port)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
