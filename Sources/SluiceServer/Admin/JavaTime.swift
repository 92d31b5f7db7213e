import Glibc

/// A moment as RocketMQ shows it to people: `yyyy-MM-dd HH:mm:ss:SSS`, local time.
enum JavaTime {
    /// - Parameter milliseconds: since the epoch.
    static func text(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let day = [
            digits(Int(parts.tm_year) + 1_900, 4), digits(Int(parts.tm_mon) + 1, 2), digits(Int(parts.tm_mday), 2),
        ]
        let clock = [
            digits(Int(parts.tm_hour), 2), digits(Int(parts.tm_min), 2), digits(Int(parts.tm_sec), 2),
            digits(Int(milliseconds % 1_000), 3),
        ]
        return day.joined(separator: "-") + " " + clock.joined(separator: ":")
    }
}
