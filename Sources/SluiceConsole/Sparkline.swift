/// A chart in one line of text.
public enum Sparkline {
    /// The newest `width` values as bars from 0 to the largest; nil is a space, and so is what is missing on the left.
    /// - Parameter maximum: what a full bar stands for; nil is the largest value shown.
    public static func text(_ values: [Double?], width: Int, maximum: Double? = nil, glyphs: GlyphSet) -> String {
        guard width > 0 else { return "" }
        let shown = values.suffix(width)
        let top = maximum ?? shown.reduce(0) { max($0, $1 ?? 0) }
        let bars = Array((glyphs.isASCII ? "_.-=+*%#" : "▁▂▃▄▅▆▇█").unicodeScalars)
        var text = String.UnicodeScalarView(repeating: " ", count: width - shown.count)
        for value in shown { text.append(bar(value, top: top, bars)) }
        return String(text)
    }

    private static func bar(_ value: Double?, top: Double, _ bars: [Unicode.Scalar]) -> Unicode.Scalar {
        guard let value, !value.isNaN else { return " " }
        guard top > 0, value > 0 else { return bars[0] }
        let step = (min(1, value / top) * Double(bars.count - 1)).rounded()
        return bars[Int(step)]
    }
}
