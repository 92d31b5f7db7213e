/// RocketMQ's offset message id: IPv4 address, port as int32 and physical offset as int64 in upper-case hex, 32 digits.
public enum OffsetID {
    /// The id of the record at `physicalOffset` on the broker at `storeHost` (`a.b.c.d:port`).
    public static func text(storeHost: String, physicalOffset: Int64) -> String {
        let (address, port) = parts(of: storeHost)
        return hex(UInt64(address), 8) + hex(UInt64(port), 8) + hex(UInt64(bitPattern: physicalOffset), 16)
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

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
