import SluiceAPI

/// What each kind of broker can do for an operator: data that the console shows and that refusals quote, so that both say
/// the same. Tests hold it against what the code does.
public enum FeatureTable {
    /// Where a console is connected to.
    public enum Place: String, Sendable, CaseIterable {
        /// A broker in this process or of this data folder.
        case embedded
        /// `sluice serve`, over the network.
        case served
        /// Apache RocketMQ before 5.
        case stock4
        /// Apache RocketMQ 5.
        case stock5

        public init(_ kind: BrokerKind) {
            switch kind {
            case .sluice: self = .served
            case .rocketmq4: self = .stock4
            case .rocketmq5: self = .stock5
            }
        }
    }

    public static func availability(of feature: Feature, at place: Place) -> Availability {
        switch place {
        case .embedded, .served: .works
        case .stock4: stock4[feature] ?? stock[feature] ?? .works
        case .stock5: stock5[feature] ?? stock[feature] ?? .works
        }
    }

    /// Of a cluster: the least that one of its brokers can.
    public static func features(of kinds: some Sequence<BrokerKind>) -> [Feature: Availability] {
        let places = Set(kinds.map(Place.init))
        return Dictionary(
            uniqueKeysWithValues: Feature.allCases.map { feature in
                let all = places.sorted { $0.rawValue < $1.rawValue }.map { availability(of: feature, at: $0) }
                return (feature, all.min { $0.rank < $1.rank } ?? .works)
            })
    }

    /// Of RocketMQ of any version.
    private static let stock: [Feature: Availability] = [
        .figures: .substitute(
            "RocketMQ counts no deliveries by group, so committed offsets stand for them, and large clusters are counted in"
                + " turns."),
        .delayNow: .unavailable(
            "RocketMQ cannot deliver a delayed message early: publish a copy, and where it can, cancel the delayed one."
        ),
        .delayReschedule: .unavailable(
            "RocketMQ cannot give a delayed message another moment: publish a copy, and where it can, cancel the delayed"
                + " one."),
        .halfChecks: .substitute(
            "The number of checks is RocketMQ's own; when the next one is due is reckoned from the last copy and the"
                + " broker's check interval."),
        .resolve: .substitute(
            "The console sends the end of the transaction as its producer would have, then looks whether it took effect."
        ),
        .recheck: .substitute(
            "RocketMQ asks again only for a half that it has given up; others it asks for by itself each round."),
        .reset: .substitute(
            "RocketMQ 4 tells the clients of a running group to move, which takes them about ten seconds; offsets of a group"
                + " without clients are set directly."),
        .republish: .substitute("The console reads the messages and sends them again itself."),
        .pacedReplay: .unavailable(
            "A paced replay runs inside a Sluice broker; here choose messages and republish them."),
        .deadLetters: .substitute(
            "The console reads the dead letters and sends them to the group's retry topic itself."),
        .pause: .substitute(
            "The group's consumeEnable is switched off on every broker: its clients' pulls are refused until it is switched"
                + " on."),
        .gateLimit: .unavailable(
            "RocketMQ cannot slow a group down to so many messages a second; it can be paused and released."),
        .publishLimit: .unavailable("RocketMQ has no limit for what a topic takes from producers."),
        .audit: .substitute(
            "RocketMQ keeps no audit: this one is a file beside the console, of what was done from here."),
    ]

    private static let stock4: [Feature: Availability] = [
        .exactDelays: .unavailable("RocketMQ before 5 has no delay but its levels."),
        .delayCancel: .unavailable("RocketMQ before 5 cannot withdraw a delayed message."),
    ]

    private static let stock5: [Feature: Availability] = [
        .delayCancel: .substitute(
            "RocketMQ 5.3.2 and later withdraws messages of an exact time where its option recallMessageEnable is on; those of"
                + " a level stay."),
        .reset: .substitute(
            "RocketMQ 5 moves the stored offsets of a group itself, and its clients go on from there at their next pull."
        ),
    ]

    /// The sentence that refuses a feature; nil where it is there.
    static func refusal(of feature: Feature, at kinds: some Sequence<BrokerKind>) -> String? {
        guard case .unavailable(let why)? = features(of: kinds)[feature] else { return nil }
        return why
    }
}

extension Availability {
    fileprivate var rank: Int {
        switch self {
        case .unavailable: 0
        case .substitute: 1
        case .works: 2
        }
    }
}
