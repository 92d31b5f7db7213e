/// One line of a chart. Values are spread over its whole width, the newest last; nil leaves a gap.
public struct ChartSeries: Sendable, Equatable {
    public var values: [Double?]
    public var style: Style
    /// True fills the area below the line.
    public var filled: Bool
    /// Colours by height (bottom to top of the chart) in place of the style's foreground.
    public var gradient: Gradient?

    public init(values: [Double?], style: Style, filled: Bool = false, gradient: Gradient? = nil) {
        self.values = values
        self.style = style
        self.filled = filled
        self.gradient = gradient
    }
}

/// A horizontal line over the chart, for a limit.
public struct ChartMarker: Sendable, Equatable {
    public var value: Double
    /// Written at the right end of the line.
    public var label: String
    public var style: Style

    public init(value: Double, label: String, style: Style) {
        self.value = value
        self.label = label
        self.style = style
    }
}

/// The axes of a chart.
public struct ChartAxes: Sendable, Equatable {
    public enum Unit: Sendable, Equatable {
        /// Numbers with k, M, G and this suffix (`"/s"`, `""`).
        case count(String)
        /// Milliseconds, as `5ms` or `2s`.
        case milliseconds
        /// Bytes with Ki, Mi, Gi.
        case bytes
    }
    public var unit: Unit
    /// The top of the y axis; nil takes a round number at or above the largest value. The bottom is 0.
    public var maximum: Double?
    /// Epoch ms of the first and the last column; nil leaves the x axis without times.
    public var time: ClosedRange<Int64>?
    /// Seconds east of UTC, for the times.
    public var utcOffset: Int
    /// Lines and labels.
    public var style: Style
    /// False leaves out both axes: the series take the whole rectangle.
    public var shown: Bool

    public init(
        unit: Unit = .count(""), maximum: Double? = nil, time: ClosedRange<Int64>? = nil, utcOffset: Int = 0,
        style: Style = Style(), shown: Bool = true
    ) {
        self.unit = unit
        self.maximum = maximum
        self.time = time
        self.utcOffset = utcOffset
        self.style = style
        self.shown = shown
    }
}
