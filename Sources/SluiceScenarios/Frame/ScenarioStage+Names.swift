import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Topics and groups of a run: on a broker that outlives it they have names that nobody else has, and go with the run.
extension ScenarioStage {
    /// True on a broker that is there after this run too.
    public var isKept: Bool { !suffix.isEmpty }

    /// All names of this run, as `demo-…-k3x9q`; nil on a broker that goes with it.
    public var names: String? { isKept ? "demo-…-\(suffix)" : nil }

    /// A suffix that no earlier run had.
    public static func freshSuffix() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return String((0..<6).map { _ in letters[Int.random(in: letters.indices)] })
    }

    /// The name of a topic or group in this run.
    public func name(_ name: String) -> String { isKept ? "demo-\(name)-\(suffix)" : name }

    /// Makes a topic of this run.
    ///
    /// - Returns: its name. One that is there already is somebody else's, and refused.
    public func makeTopic(_ name: String, queues: Int) throws -> String {
        let name = self.name(name)
        let (admin, isKept) = (admin, isKept)
        guard made.withLock({ !$0.topics.contains(name) }) else { return name }
        do {
            try blocking {
                let config = TopicConfig(name: name, readQueues: queues, writeQueues: queues)
                if isKept { try await admin.createTopic(config) } else { try await admin.updateTopic(config) }
            }
        } catch {
            // It may have been made, on one of several brokers; one that was there is somebody else's.
            if (error as? APIError)?.code != .conflict { made.withLock { $0.topics.append(name) } }
            throw error
        }
        made.withLock { $0.topics.append(name) }
        return name
    }

    /// Makes a consumer group of this run: where the broker stays, so that it can be deleted, and because some brokers
    /// make none by themselves.
    ///
    /// - Returns: its name.
    public func makeGroup(_ name: String) throws -> String {
        let name = self.name(name)
        guard isKept, made.withLock({ !$0.groups.contains(name) }) else { return name }
        let admin = admin
        // Noted before: it may have been made though its answer is lost.
        made.withLock { $0.groups.append(name) }
        try blocking { try await admin.updateGroup(GroupConfig(name: name)) }
        return name
    }

    /// Deletes what this run made on a broker that outlives it, to be called when the scenario is closed. Blocks, while
    /// the broker still counts members that have just left, or takes their last words for a new group.
    ///
    /// - Returns: what stays there and why, a sentence each.
    public func removeNames() -> [String] {
        guard isKept else { return [] }
        let made = made.withLock { made in
            defer { made = Made() }
            return made
        }
        let topics = made.topics + made.groups.flatMap { [TopicName.retry($0), TopicName.deadLetter($0)] }
        let deadline = monotonicSeconds() + 6
        var emptyLooks = 0
        var problems: [String: String] = [:]
        while true {
            do {
                // Looked for first: nothing is asked for twice of a broker that does not answer.
                let left = try present(Set(topics + made.groups))
                emptyLooks = left.isEmpty ? emptyLooks + 1 : 0
                if emptyLooks == 2 { return [] }
                if !left.isEmpty, monotonicSeconds() > deadline {
                    return left.map { "\($0) stays there: \(problems[$0] ?? "it came back when it was deleted")" }
                }
                problems = delete(topics: topics.filter(left.contains), groups: made.groups.filter(left.contains))
            } catch {
                return ["\(names ?? "") may stay there: \(error)"]
            }
            sleep(untilMonotonic: monotonicSeconds() + 0.2)
        }
    }

    /// Why some were not deleted, by name. One that is not there is no problem.
    private func delete(topics: [String], groups: [String]) -> [String: String] {
        let admin = admin
        var problems: [String: String] = [:]
        func note(_ name: String, _ work: () throws -> Void) {
            do {
                try work()
            } catch {
                if (error as? APIError)?.code != .notFound { problems[name] = "\(error)" }
            }
        }
        for name in groups { note(name) { try blocking { try await admin.deleteGroup(name) } } }
        for name in topics { note(name) { try blocking { try await admin.deleteTopic(name) } } }
        return problems
    }

    /// Those of some topics and groups that are there, by name.
    private func present(_ ours: Set<String>) throws -> [String] {
        let admin = admin
        let all = try blocking {
            try await admin.topics().map(\.config.name) + admin.groups().map(\.config.name)
        }
        return ours.intersection(all).sorted()
    }
}
