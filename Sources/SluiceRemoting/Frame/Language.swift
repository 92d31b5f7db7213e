/// What a client is written in (remoting frame, 5). Names that are not on the list count as ``other``.
public enum Language: UInt8, Sendable, CaseIterable {
    case java, cpp, dotnet, python, delphi, erlang, ruby, other, http, go, php, oms, rust, nodeJS

    /// The name on the wire.
    public var name: StaticString {
        switch self {
        case .java: "JAVA"
        case .cpp: "CPP"
        case .dotnet: "DOTNET"
        case .python: "PYTHON"
        case .delphi: "DELPHI"
        case .erlang: "ERLANG"
        case .ruby: "RUBY"
        case .other: "OTHER"
        case .http: "HTTP"
        case .go: "GO"
        case .php: "PHP"
        case .oms: "OMS"
        case .rust: "RUST"
        case .nodeJS: "NODE_JS"
        }
    }

    init(name: UnsafeRawBufferPointer) {
        // Almost always one of the first.
        self = Self.allCases.first { name.equals($0.name) } ?? .other
    }

    public init(_ name: String) {
        var name = name
        self = name.withUTF8 { Self(name: UnsafeRawBufferPointer($0)) }
    }

    public var text: String { name.description }
}

/// Bits of a frame's flag (remoting frame, 4).
public enum FrameFlag {
    public static let response: Int32 = 1
    /// Nobody must answer, not even with an error.
    public static let oneway: Int32 = 2
}

/// Version ordinals (remoting frame, 6).
public enum WireVersion {
    /// 4.9.8, whose behaviour is ours: sent in every frame.
    public static let ours: Int32 = 409
    /// From 4.9.4 on clients read routes in strict JSON.
    public static let strictJSONRoutes: Int32 = 401
    /// From 3.4.9 on a client's own limit of retries overrides the group's.
    public static let ownRetryLimit: Int32 = 121
    /// 5.0.0.
    public static let five: Int32 = 413
}
