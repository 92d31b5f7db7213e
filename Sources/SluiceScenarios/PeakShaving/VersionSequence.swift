/// What a version means for an order that the database already knows, or not.
public enum VersionVerdict: Sendable, Equatable {
    /// Newer than what is there: land it.
    case land
    /// The version that is there already: drop it.
    case duplicate
    /// Older than what is there: drop it.
    case late

    /// - Parameter landed: the version in the database; nil for an unknown order.
    public init(version: Int, landed: Int?) {
        guard let landed, version <= landed else {
            self = .land
            return
        }
        self = version == landed ? .duplicate : .late
    }
}

/// What became of a batch.
public struct LandingCount: Sendable, Equatable {
    public var written = 0
    public var duplicates = 0
    public var late = 0
    public init() {}

    public mutating func add(_ verdict: VersionVerdict) {
        switch verdict {
        case .land: written += 1
        case .duplicate: duplicates += 1
        case .late: late += 1
        }
    }
    public mutating func add(_ other: LandingCount) {
        written += other.written
        duplicates += other.duplicates
        late += other.late
    }
    public var total: Int { written + duplicates + late }
}
