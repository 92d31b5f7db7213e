/// Semantic roles that a theme gives styles to.
public enum Role: String, Sendable, CaseIterable {
    case text, dim, title, header, accent, border, selection, marked
    case good, warning, bad, attention
    case chartIn = "chart_in"
    case chartOut = "chart_out"
    case chartBacklog = "chart_backlog"
    case chartLatency = "chart_latency"
    case chartAxis = "chart_axis"
    case chartMarker = "chart_marker"
    case number, key, footer
    case footerKey = "footer_key"
    case dialog
    case dialogBorder = "dialog_border"
    case input, banner, stale
}

/// Gradients that a theme defines.
public enum GradientName: String, Sendable, CaseIterable {
    /// From little to (too) much.
    case meter
    /// What flows in.
    case flow
    /// What flows out.
    case outflow
    /// What has piled up.
    case backlog
    /// How long things take.
    case latency
}

/// Three colours to blend between.
public struct Gradient: Sendable, Hashable {
    public let start: Colour
    public let middle: Colour
    public let end: Colour

    public init(_ start: Colour, _ middle: Colour, _ end: Colour) {
        self.start = start
        self.middle = middle
        self.end = end
    }

    /// The colour at 0...1. RGB colours are blended; others switch at a third and at two thirds.
    public func colour(at fraction: Double) -> Colour {
        let place = fraction.isFinite ? min(1, max(0, fraction)) : 0
        let (from, to) = place < 0.5 ? (start, middle) : (middle, end)
        guard case .rgb(let red, let green, let blue) = from, case .rgb(let red2, let green2, let blue2) = to else {
            return place < 1 / 3 ? start : place < 2 / 3 ? middle : end
        }
        let part = place < 0.5 ? place * 2 : place * 2 - 1
        func blend(_ low: UInt8, _ high: UInt8) -> UInt8 {
            UInt8((Double(low) + (Double(high) - Double(low)) * part).rounded())
        }
        return .rgb(blend(red, red2), blend(green, green2), blend(blue, blue2))
    }
}

/// The styles of every role and the gradients.
public struct Theme: Sendable, Equatable {
    public let name: String
    private let styles: [Role: Style]
    private let gradients: [GradientName: Gradient]
    private let plain: Style

    /// The names of the themes inside the binary, the default first.
    public static let builtIn = [
        "sluice-dark", "sluice-light", "sixteen", "clear", "graphite", "ember", "moss", "dusk", "frost",
    ]

    /// A theme from complete tables; a role or gradient that is missing is shown as plain text.
    public init(name: String, styles: [Role: Style], gradients: [GradientName: Gradient]) {
        self.name = name
        self.styles = styles
        self.gradients = gradients
        plain = styles[.text] ?? Style()
    }

    public subscript(_ role: Role) -> Style { styles[role] ?? plain }

    public func gradient(_ name: GradientName) -> Gradient {
        gradients[name] ?? Gradient(plain.foreground, plain.foreground, plain.foreground)
    }

    /// The colour of a gradient at 0...1.
    public func gradient(_ name: GradientName, _ fraction: Double) -> Colour {
        gradient(name).colour(at: fraction)
    }
}
