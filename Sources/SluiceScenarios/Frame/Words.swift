import SluiceAPI

/// Numbers as people read them.
enum Words {
    /// As `12,345`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(abs(number)))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// As ``grouped(_:)``; `?` for what could not be read.
    static func count(_ number: Int?) -> String { number.map(grouped) ?? "?" }

    /// With so many decimal places.
    static func decimal(_ value: Double, places: Int = 1) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        let scale = (0..<places).reduce(1) { value, _ in value * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return sign + grouped(scaled) }
        let rest = String(scaled % scale)
        return sign + grouped(scaled / scale) + "." + String(repeating: "0", count: places - rest.count) + rest
    }

    /// As `3.1 ms` or `1.24 s`; `–` for what was not measured.
    static func milliseconds(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        return value < 1_000 ? decimal(value) + " ms" : decimal(value / 1_000, places: 2) + " s"
    }

    static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

func unknownFault(_ name: String, of scenario: any Scenario.Type) -> APIError {
    let known = scenario.about.faults.map(\.name).joined(separator: ", ")
    return APIError(
        .invalid, "\(scenario.about.name) has no fault '\(name)'; it has \(known.isEmpty ? "none" : known).")
}
