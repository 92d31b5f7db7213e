import SluiceRemoting

/// The form of a JSON value: which names it has and what kind of value each has, whatever the values.
indirect enum TapeShape: Equatable {
    case number, text, truth, null
    /// Items that differ in form.
    case mixed
    /// Without a form where it is empty.
    case list(TapeShape?)
    /// An object whose names are data: only what is behind them counts.
    case map(TapeShape?)
    case object([String: TapeShape])

    /// Names of the protocol whose objects are maps.
    private static let maps: Set<String> = [
        "attributes", "brokerAddrs", "brokerAddrTable", "clusterAddrTable", "consumerTable", "correctionOffsets",
        "data",
        "filterServerTable", "forbiddenTable", "messageQueueTable", "mqTable", "offsetTable", "properties",
        "statusTable",
        "subscriptionGroupTable", "subscriptionTable", "table", "topicConfigTable",
    ]

    /// - Parameter name: what the value stands under.
    init(_ value: JSONValue, name: String = "") {
        switch value {
        case .int, .double: self = .number
        case .string: self = .text
        case .bool: self = .truth
        case .null: self = .null
        case .array(let items): self = .list(Self.common(items.map { TapeShape($0, name: name + "[]") }))
        case .object(let pairs) where Self.isMap(name, pairs):
            self = .map(Self.common(pairs.map { TapeShape($0.value, name: name + "{}") }))
        case .object(let pairs):
            self = .object(
                Dictionary(pairs.map { ($0.key.text ?? "", TapeShape($0.value, name: $0.key.text ?? "")) }) { $1 })
        }
    }

    private static func isMap(_ name: String, _ pairs: [JSONValue.Pair]) -> Bool {
        if maps.contains(name) || name == "consumeStatsList[]" { return true }
        // Offsets by queue, within a table by topic and group.
        return name == "offsetTable{}" && pairs.allSatisfy { $0.key.integer != nil }
    }

    private static func common(_ shapes: [TapeShape]) -> TapeShape? {
        guard let first = shapes.first else { return nil }
        return shapes.dropFirst().reduce(first) { $0.merged($1) }
    }

    /// What both have in them.
    private func merged(_ other: TapeShape) -> TapeShape {
        switch (self, other) {
        case (.object(let mine), .object(let its)): .object(mine.merging(its) { $0.merged($1) })
        case (.list(let mine), .list(let its)): .list(Self.merged(mine, its))
        case (.map(let mine), .map(let its)): .map(Self.merged(mine, its))
        default: self == other ? self : .mixed
        }
    }

    private static func merged(_ mine: TapeShape?, _ its: TapeShape?) -> TapeShape? {
        guard let mine, let its else { return mine ?? its }
        return mine.merged(its)
    }

    /// What of a recorded form ours lacks, and what it has beyond it.
    func differences(to ours: TapeShape, at path: String = "") -> [String] {
        switch (self, ours) {
        case (.object(let recorded), .object(let ours)):
            return Set(recorded.keys).union(ours.keys).sorted().flatMap { name -> [String] in
                let place = path.isEmpty ? name : path + "." + name
                guard let its = recorded[name] else { return ["body extra: \(place)"] }
                guard let mine = ours[name] else { return ["body missing: \(place)"] }
                return its.differences(to: mine, at: place)
            }
        case (.list(let recorded), .list(let ours)): return Self.differences(recorded, ours, path + "[]")
        case (.map(let recorded), .map(let ours)): return Self.differences(recorded, ours, path + "{}")
        default: return self == ours ? [] : ["body \(path): \(name) → \(ours.name)"]
        }
    }

    private static func differences(_ recorded: TapeShape?, _ ours: TapeShape?, _ path: String) -> [String] {
        switch (recorded, ours) {
        case (let recorded?, let ours?): recorded.differences(to: ours, at: path)
        case (nil, nil): []
        case (nil, _?): ["body \(path): empty → filled"]
        case (_?, nil): ["body \(path): filled → empty"]
        }
    }

    private var name: String {
        switch self {
        case .number: "number"
        case .text: "text"
        case .truth: "truth"
        case .null: "null"
        case .mixed: "mixed"
        case .list: "list"
        case .map: "map"
        case .object: "object"
        }
    }
}
