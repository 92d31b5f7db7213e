import SluiceAPI
import SluiceClient

/// Lists of large clusters are counted in turns: who asks once waits until all were.
extension Admin {
    /// All topics with their figures, those of brokers that answer; after ten seconds those known by then.
    func countedTopics() async throws(APIError) -> [TopicSummary] {
        try await counted(by: { $0.depth < 0 }, { admin throws(APIError) in try await admin.topics() })
    }

    /// All groups with their figures, as ``countedTopics()``.
    func countedGroups() async throws(APIError) -> [GroupSummary] {
        try await counted(
            by: { $0.clients < 0 || $0.deadLetters < 0 }, { admin throws(APIError) in try await admin.groups() })
    }

    private func counted<Item: Sendable>(
        by isMissing: (Item) -> Bool, _ ask: (Self) async throws(APIError) -> [Item]
    ) async throws(APIError) -> [Item] {
        let deadline = ContinuousClock.now + .seconds(10)
        var items = try await ask(self)
        while items.contains(where: isMissing), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(100))
            items = try await ask(self)
        }
        return items
    }
}
