/// Where a backlog is going, in one word.
public enum FlowState: String, Sendable, CaseIterable {
    case growing, level, draining, stalled

    /// Judges a backlog by its change per second and the outflow per second. Nil while either is not known.
    ///
    /// Stalled is a backlog that nothing leaves. A change of less than 2 % of the outflow, or of one message in ten
    /// seconds, is level.
    public static func judge(backlog: Int64, slope: Double?, out: Double?) -> FlowState? {
        if backlog == 0 { return .level }
        guard let slope, let out else { return nil }
        if out < 0.05 && slope >= -0.05 { return .stalled }
        let threshold = max(0.1, 0.02 * out)
        if slope > threshold { return .growing }
        return slope < -threshold ? .draining : .level
    }

    func mark(_ glyphs: GlyphSet) -> String {
        if glyphs == .ascii {
            return switch self {
            case .growing: "^"
            case .level: "="
            case .draining: "v"
            case .stalled: "#"
            }
        }
        return switch self {
        case .growing: "▲"
        case .level: "="
        case .draining: "▼"
        case .stalled: "■"
        }
    }

    var role: Role {
        switch self {
        case .growing: .warning
        case .level: .text
        case .draining: .good
        case .stalled: .bad
        }
    }
}
