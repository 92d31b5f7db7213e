import Glibc

/// Moments and durations as people read them.
enum TimeText {
    /// Milliseconds since 1970 by the wall clock.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Seconds by a clock that nobody sets.
    static var monotonicSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds that local time is ahead of UTC at a moment.
    static func utcOffset(at milliseconds: Int64) -> Int {
        var seconds = time_t(floorDivide(milliseconds, 1000))
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts.tm_gmtoff
    }

    /// RFC 3339 in local time with milliseconds, as `2026-11-22T14:03:27.512+08:00`.
    static func rfc3339(_ milliseconds: Int64) -> String {
        var seconds = time_t(floorDivide(milliseconds, 1000))
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return String(milliseconds) }
        let offset = parts.tm_gmtoff / 60
        let zone =
            offset == 0
            ? "Z" : (offset < 0 ? "-" : "+") + two(Int32(abs(offset) / 60)) + ":" + two(Int32(abs(offset) % 60))
        let fraction = milliseconds - floorDivide(milliseconds, 1000) * 1000
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(clock(parts))"
            + "." + String(String(fraction + 1000).dropFirst()) + zone
    }

    /// As `2026-11-22 14:03:27.512` in local time; a dash for 0.
    static func local(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "-" }
        return String(rfc3339(milliseconds).prefix(23)).replacing("T", with: " ")
    }

    /// As `850 ms`, `12 s`, `4m12s`, `3h05m`, `2d04h`: rounded to the last unit shown.
    static func duration(_ milliseconds: Int64) -> String {
        if milliseconds < 0 { return "-" + duration(milliseconds == .min ? .max : -milliseconds) }
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let (seconds, minutes, hours) = (
            rounded(milliseconds, 1000), rounded(milliseconds, 60_000), rounded(milliseconds, 3_600_000)
        )
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60)m\(two(Int32(seconds % 60)))s" }
        if minutes < 1440 { return "\(minutes / 60)h\(two(Int32(minutes % 60)))m" }
        return "\(hours / 24)d\(two(Int32(hours % 24)))h"
    }

    private static func rounded(_ value: Int64, _ unit: Int64) -> Int64 {
        value / unit + (value % unit * 2 >= unit ? 1 : 0)
    }

    private static func clock(_ parts: tm) -> String {
        two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec)
    }
    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : String(number) }
    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
