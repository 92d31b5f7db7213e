import SluiceAPI
import SluiceMessage

// MARK: Without a terminal
extension ConsoleModel {
    /// Takes events in and carries out what they ask until nothing is on its way: with a tick, that is until the data of
    /// the screen in front is there or has failed. What only a terminal can do is left out.
    public mutating func settle(_ events: [Event], by runner: EffectRunner) async {
        var events = events
        // What is asked because of an answer (the worst group's queues) is asked again with the next tick only.
        for round in 0..<3 {
            while !events.isEmpty {
                let effects = events.flatMap { update($0) }
                events = []
                for effect in effects {
                    if let event = await runner.run(effect) { events.append(event) }
                }
            }
            guard round < 2, needs.contains(where: { !isKnown($0) }) else { return }
            for query in needs where inFlight[query.slot] == nil && !isKnown(query) {
                var effects: [Effect] = []
                ask(query, &effects)
                for effect in effects {
                    if let event = await runner.run(effect) { events.append(event) }
                }
            }
        }
    }

    private func isKnown(_ query: Query) -> Bool {
        switch query {
        case .group(let name): data.group[name]?.value != nil || data.group[name]?.error != nil
        case .topic(let name): data.topic[name]?.value != nil || data.topic[name]?.error != nil
        default: true
        }
    }

    /// Why the list in front is not there; nil when it is.
    public var problem: APIError? {
        switch place {
        case .topics: data.topics.value == nil ? data.topics.error : nil
        case .groups, .peakShaving, .deadLetters: data.groups.value == nil ? data.groups.error : nil
        case .topic(let name): data.topic[name]?.value == nil ? data.topic[name]?.error : nil
        case .messages(let id): data.topic[id.topic]?.value == nil ? data.topic[id.topic]?.error : nil
        case .group(let name): data.group[name]?.value == nil ? data.group[name]?.error : nil
        case .delays: data.delays.value == nil ? data.delays.error : nil
        case .transactions: data.halves.value == nil ? data.halves.error : nil
        case .clients: unanswered(.clients)
        case .brokers: unanswered(.brokers)
        case .replays: unanswered(.replays)
        case .audit: unanswered(auditQuestion)
        default: data.broker.value == nil ? data.broker.error : nil
        }
    }

    private func unanswered(_ question: OperatorQuestion) -> APIError? {
        told(question).value == nil ? told(question).error : nil
    }

    /// Goes to a place by name: a screen, `topic:NAME`, `group:NAME` or `messages:TOPIC/QUEUE`. False when there is none
    /// such.
    public mutating func open(_ name: String) -> Bool {
        guard let place = Location(named: name) else { return false }
        history = History(place)
        return true
    }

    /// The names that ``open(_:)`` knows.
    public static let placeNames =
        Screen.allCases.compactMap { Location($0)?.name } + ["topic:NAME", "group:NAME", "messages:TOPIC/QUEUE"]
}
