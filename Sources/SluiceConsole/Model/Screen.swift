import SluiceMessage

/// The console's screens; the raw value is the name that commands and options use.
public enum Screen: String, Sendable, Hashable, CaseIterable {
    case overview, topics, groups, delays, transactions
    case peakShaving = "peak-shaving"
    case deadLetters = "dead-letters"
    case scenarios
    case topic, messages, message, group, help
    case clients, brokers, audit, settings, replays, calls

    /// What the footer calls it.
    public var title: String {
        switch self {
        case .overview: tr("Overview")
        case .topics: tr("Topics")
        case .groups: tr("Groups")
        case .delays: tr("Delays")
        case .transactions: tr("Transactions")
        case .peakShaving: tr("Peak shaving")
        case .deadLetters: tr("Dead letters")
        case .clients: tr("Clients")
        case .brokers: tr("Brokers")
        case .audit: tr("Audit")
        case .settings: tr("Settings")
        case .scenarios: tr("Scenarios")
        case .topic: tr("Topic")
        case .messages: tr("Messages")
        case .message: tr("Message")
        case .group: tr("Group")
        case .help: tr("Help")
        case .replays: tr("Replays")
        case .calls: tr("Calls")
        }
    }

    /// Those that a number key opens, 1 first.
    public static let numbered: [Screen] = [
        .overview, .topics, .groups, .delays, .transactions, .deadLetters, .peakShaving,
    ]
}

/// A screen together with what it shows.
enum Location: Sendable, Hashable {
    case overview, topics, groups, delays, transactions, deadLetters, peakShaving, help
    case clients, brokers, audit, settings, replays, calls, scenarios
    case topic(String)
    case group(String)
    case messages(QueueID)
    case message(QueueID, offset: Int64)

    var screen: Screen {
        switch self {
        case .overview: .overview
        case .topics: .topics
        case .groups: .groups
        case .delays: .delays
        case .transactions: .transactions
        case .peakShaving: .peakShaving
        case .deadLetters: .deadLetters
        case .clients: .clients
        case .brokers: .brokers
        case .audit: .audit
        case .settings: .settings
        case .scenarios: .scenarios
        case .help: .help
        case .replays: .replays
        case .calls: .calls
        case .topic: .topic
        case .group: .group
        case .messages: .messages
        case .message: .message
        }
    }

    /// The place that needs nothing more than the screen's name; nil where it needs a topic, group or queue.
    init?(_ screen: Screen) {
        switch screen {
        case .overview: self = .overview
        case .topics: self = .topics
        case .groups: self = .groups
        case .delays: self = .delays
        case .transactions: self = .transactions
        case .peakShaving: self = .peakShaving
        case .deadLetters: self = .deadLetters
        case .clients: self = .clients
        case .brokers: self = .brokers
        case .audit: self = .audit
        case .settings: self = .settings
        case .scenarios: self = .scenarios
        case .help: self = .help
        case .replays: self = .replays
        case .calls: self = .calls
        case .topic, .messages, .message, .group: return nil
        }
    }

    /// One step up, for Esc.
    var parent: Location? {
        switch self {
        case .overview: nil
        case .topics, .groups, .delays, .transactions, .deadLetters, .peakShaving, .help: .overview
        case .clients, .brokers, .audit, .settings, .replays, .calls, .scenarios: .overview
        case .topic: .topics
        case .group: .groups
        case .messages(let id):
            ConsoleModel.deadLetterGroup(id.topic) == nil ? .topic(id.topic) : .deadLetters
        case .message(let id, _): .messages(id)
        }
    }
}

/// Where the console was, with a place in it, as in a browser.
struct History: Sendable {
    private(set) var places: [Location]
    private(set) var index = 0
    /// The place before the current one, whichever way it was reached.
    private(set) var last: Location?
    private static let limit = 50

    init(_ start: Location) { places = [start] }

    var current: Location { places[index] }

    mutating func go(to place: Location) {
        guard place != current else { return }
        last = current
        places.removeSubrange((index + 1)...)
        places.append(place)
        if places.count > Self.limit { places.removeFirst() }
        index = places.count - 1
    }

    /// Another place in place of the current one.
    mutating func replace(_ place: Location) { places[index] = place }

    /// Steps back (-1) or forward (+1); false at the end.
    mutating func step(_ direction: Int) -> Bool {
        guard places.indices.contains(index + direction) else { return false }
        last = current
        index += direction
        return true
    }
}
