import SluiceAPI
import SluiceMessage
import SluiceStorage

/// Who resolves a half, and why.
struct Resolver {
    var origin: ResolutionOrigin
    var actor: Actor?
    var reason = ""

    init(_ origin: ResolutionOrigin, actor: Actor? = nil, reason: String = "") {
        self.origin = origin
        self.actor = actor
        self.reason = reason
    }

    /// As `anna@host (claimed)`.
    var actorText: String? { actor.map { Self.text($0.name, $0.host, isProven: $0.isProven) } }

    static func text(_ name: String, _ host: String, isProven: Bool) -> String {
        "\(clean(name, 200))@\(clean(host, 200)) (\(isProven ? "proven" : "claimed"))"
    }

    /// Text that fits into a property.
    static func clean(_ text: String, _ limit: Int) -> String {
        String(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(limit).map(Character.init))
    }
}

/// How a half's end is kept, and how it is told to who comes late.
extension Broker {
    static let opTag = "d"
    static let originProperty = "SLUICE_ORIGIN"
    static let resolutionProperty = "SLUICE_RESOLUTION"
    static let reasonProperty = "SLUICE_REASON"
    static let actorProperty = "SLUICE_ACTOR"

    func writeOp(_ entry: HalfIndex.Entry, _ id: String, _ resolution: Resolution, _ resolver: Resolver) {
        var header = RecordHeader(
            queue: 0, bornTimestamp: now, bornHost: options.host, storeTimestamp: now, storeHost: options.host)
        var properties = [
            Property(PropertyName.tags, Self.opTag), Property(PropertyName.keys, id),
            Property(Self.resolutionProperty, resolution.rawValue),
            Property(Self.originProperty, resolver.origin.rawValue),
        ]
        if let actor = resolver.actorText { properties.append(Property(Self.actorProperty, actor)) }
        let reason = Resolver.clean(resolver.reason, 500)
        if !reason.isEmpty { properties.append(Property(Self.reasonProperty, reason)) }
        Array(String(entry.queueOffset).utf8).withUnsafeBytes { body in
            store(systemTopic(TopicName.op), &header, properties: PropertyCoding.encode(properties), body: body)
        }
    }

    /// Why an id is not among the unresolved: resolved by whom and when, or never seen.
    func notUnresolved(_ id: String) -> APIError {
        if let known = recentResolutions[id] { return alreadyResolved(id, known) }
        let candidates = (try? store.lookUp(topic: TopicName.op, key: id).candidates(limit: 8)) ?? []
        for offset in candidates {
            guard let op = try? store.reader.record(at: offset)?.messages().first, op.keys.contains(id),
                op.topic == TopicName.op
            else { continue }
            return alreadyResolved(
                id, op.property(Self.resolutionProperty) ?? "", op.property(Self.originProperty) ?? "somebody",
                op.property(Self.actorProperty), op.storeTimestamp)
        }
        return APIError(.notFound, "there is no unresolved half message \(id); `sluice tx list` shows those there are")
    }

    func alreadyResolved(_ id: String, _ known: RecentResolutions.Item) -> APIError {
        alreadyResolved(id, known.resolution.rawValue, known.origin.rawValue, known.actor, known.at)
    }

    private func alreadyResolved(
        _ id: String, _ resolution: String, _ origin: String, _ actor: String?, _ at: Int64
    ) -> APIError {
        let what =
            switch Resolution(rawValue: resolution) {
            case .commit: "committed"
            case .rollback: "rolled back"
            case nil: "resolved"
            }
        let who = ([origin.replacingUnderscores] + [actor].compactMap(\.self)).joined(separator: " ")
        let ago = (max(0, now - at) + 500) / 1_000
        return APIError(
            .conflict, "\(id) was resolved already: \(what) by \(who) at \(UTCTime.text(at)), \(ago) s ago")
    }
}

/// Moments as text, for where no time zone is known.
enum UTCTime {
    /// As `2026-11-24T12:00:00Z`; epoch ms.
    static func text(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        let (year, month, day) = date(seconds / 86_400)
        let rest = seconds % 86_400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    /// The day by its number since 1970, in years that begin in March, so that the leap day is the last.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let isNextYear = month > 9
        return (
            era * 400 + year + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
            ofYear - (153 * month + 2) / 5 + 1
        )
    }
}

extension String {
    fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? " " : $0 }) }
}
