import Glibc

/// Makes unique keys as RocketMQ's clients do (message format, 5): address, pid, four bytes of the process, milliseconds
/// since the first of the month, counter; 32 upper-case hex digits.
///
/// Not thread-safe: each producer has its own, told apart by the four bytes.
public struct UniqueKeyMaker {
    public static let length = 32
    private var digits = SIMD32<UInt8>(repeating: 48)
    private var counter: UInt16 = 0
    private var monthStart: Int64 = 0
    private var nextMonth: Int64 = 0

    /// - Parameters:
    ///   - address: the producer's IPv4 address.
    ///   - instance: what tells this maker from others in the process and from an earlier process of the same pid.
    public init(address: UInt32 = 0x7F00_0001, instance: UInt32) {
        write(UInt64(address), 8, at: 0)
        write(UInt64(UInt32(bitPattern: getpid()) & 0xFFFF), 4, at: 8)
        write(UInt64(instance), 8, at: 12)
    }

    /// Takes a place in the log for process and instance, for keys that a broker gives: no two records have the same.
    ///
    /// - Parameter place: a physical offset; its lower 48 bits count.
    public mutating func use(place: Int64) { write(UInt64(bitPattern: place) & 0xFFFF_FFFF_FFFF, 12, at: 8) }

    /// The next key as its ``length`` characters. `now` is epoch ms.
    public mutating func nextBytes(now: Int64) -> SIMD32<UInt8> {
        if now < monthStart || now >= nextMonth { turnMonth(now) }
        write(UInt64(UInt32(truncatingIfNeeded: now - monthStart)), 8, at: 20)
        write(UInt64(counter), 4, at: 28)
        counter &+= 1
        return digits
    }

    public mutating func next(now: Int64) -> String {
        withUnsafeBytes(of: nextBytes(now: now)) { String(decoding: $0, as: UTF8.self) }
    }

    /// Local midnight of the first of this month and of the next, in epoch ms.
    private mutating func turnMonth(_ now: Int64) {
        var seconds = time_t(now / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        parts.tm_mday = 1
        parts.tm_hour = 0
        parts.tm_min = 0
        parts.tm_sec = 0
        parts.tm_isdst = -1
        monthStart = Int64(mktime(&parts)) * 1_000
        parts.tm_mon += 1
        parts.tm_mday = 1
        parts.tm_hour = 0
        parts.tm_isdst = -1
        nextMonth = Int64(mktime(&parts)) * 1_000
    }

    @inline(__always)
    private mutating func write(_ value: UInt64, _ count: Int, at position: Int) {
        for k in 0..<count {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (count - 1 - k))) & 15
            digits[position + k] = digit &+ (digit < 10 ? 48 : 55)
        }
    }
}
