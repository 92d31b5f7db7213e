/// A moment taken apart in local time. Proleptic Gregorian, days from civil as Howard Hinnant describes.
struct CivilTime: Equatable {
    var year: Int64
    var month: Int64
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64
    var millisecond: Int64

    /// - Parameter utcOffset: seconds that local time is ahead of UTC.
    init(_ epochMilliseconds: Int64, utcOffset: Int) {
        // Far outside of any calendar: held, so that nothing overflows.
        let limit: Int64 = 8_640_000_000_000_000
        let local = min(max(epochMilliseconds, -limit), limit) + Int64(utcOffset) * 1000
        let days = Self.floor(local, 86_400_000)
        let inDay = local - days * 86_400_000
        (hour, minute) = (inDay / 3_600_000, inDay / 60_000 % 60)
        (second, millisecond) = (inDay / 1000 % 60, inDay % 1000)
        let shifted = days + 719_468
        let era = Self.floor(shifted, 146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Epoch ms of a local date and time; nil when it does not exist.
    static func epoch(
        year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64, utcOffset: Int
    ) -> Int64? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floor(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let ofEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear
        let days = era * 146_097 + ofEra - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - Int64(utcOffset)
        let result = seconds * 1000
        let back = CivilTime(result, utcOffset: utcOffset)
        return back.day == day && back.month == month ? result : nil
    }

    var clock: String { "\(Format.two(hour)):\(Format.two(minute)):\(Format.two(second))" }
    var date: String { "\(year)-\(Format.two(month))-\(Format.two(day))" }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }
}
