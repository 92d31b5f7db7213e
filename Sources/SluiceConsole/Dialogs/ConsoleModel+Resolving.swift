import SluiceAPI
import SluiceMessage

// MARK: Commit and rollback
extension ConsoleModel {
    /// Target topics whose readers are named, at most.
    private static let mostTopics = 4

    mutating func openResolve(_ resolution: Resolution, _ effects: inout [Effect]) {
        let halves = selectedHalves
        guard let first = halves.first else { return }
        let isCommit = resolution == .commit
        let title =
            halves.count == 1
            ? isCommit ? tr("Commit this half message?") : tr("Roll back this half message?")
            : isCommit ? tr("Commit \(halves.count) half messages?") : tr("Roll back \(halves.count) half messages?")
        let actions = halves.map { OperatorAction.resolve(id: $0.id, resolution) }
        let topics = Self.topics(of: halves)
        var dialog = OperateDialog(
            title: title, verb: isCommit ? tr("commit") : tr("roll back"), feature: .resolve,
            reversal: .of(actions[0]), risk: Self.risk(halves.count, first.keys.first, first.id),
            facts: { model, _ in model.resolveFacts(halves, resolution) },
            questions: { _ in topics.prefix(Self.mostTopics).map { .topic($0) } },
            make: { _, _ in .success(actions) }, marksOf: .transactions)
        dialog.names = halves.map { $0.keys.first ?? Format.shortID($0.id) }
        dialog.titleWhenDone = isCommit ? tr("Committed") : tr("Rolled back")
        open(dialog, &effects)
    }

    private static func topics(of halves: [HalfMessage]) -> [String] {
        var seen: Set<String> = []
        return halves.map(\.topic).filter { seen.insert($0).inserted }
    }

    /// What resolving them does, and who may do it meanwhile.
    private func resolveFacts(_ halves: [HalfMessage], _ resolution: Resolution) -> [Span] {
        guard let half = halves.first else { return [] }
        guard resolution == .commit else {
            let text =
                halves.count == 1
                ? tr("It is dropped: no consumer of \(half.topic) will ever see it.")
                : tr("They are dropped: no consumer will ever see them.")
            return [Span(text)] + producerFacts(halves)
        }
        guard halves.count > 1 else {
            let goes = readers(of: half.topic)
            return [Span(tr("It becomes visible in \(half.topic) / queue \(half.queue) and goes to \(goes)."))]
                + producerFacts(halves)
        }
        let topics = Self.topics(of: halves)
        var list = topics.prefix(Self.mostTopics).map { topic in
            let count = halves.filter { $0.topic == topic }.count
            return Span(
                count == 1
                    ? tr("1 becomes visible in \(topic): \(readers(of: topic)).")
                    : tr("\(count) become visible in \(topic): \(readers(of: topic))."))
        }
        let more = topics.count - Self.mostTopics
        if more > 0 { list.append(Span(tr("And those of \(more) more topics."))) }
        return list
    }

    /// Of a single half: whether its producer may end it by itself.
    private func producerFacts(_ halves: [HalfMessage]) -> [Span] {
        guard halves.count == 1, let opened = halves.first else { return [] }
        // As it is now, as far as it is still listed.
        let half = data.halves.value?.items.first { $0.id == opened.id } ?? opened
        guard half.producersOnline > 0 else {
            let text = tr(
                "Nobody of \(half.producerGroup) is online to ask; it was asked \(half.checks) of \(half.maxChecks) times."
            )
            return [Span(text, .warning)]
        }
        let online = Format.plural(half.producersOnline, "producer")
        guard let next = half.nextCheck else {
            return [
                Span(
                    tr(
                        "\(half.producerGroup) has \(online) online and is asked no more: it may end this by itself."
                    ))
            ]
        }
        let text = tr(
            "\(half.producerGroup) has \(online) online and is asked in \(Format.countdown(next - now)): it may end this by itself."
        )
        return [Span(text)]
    }

    /// The groups that read a topic, in words; what is not known yet says so.
    func readers(of topic: String) -> String {
        let fetched = data.topic[topic]
        guard let status = fetched?.value else {
            return fetched?.error.map { "? (\($0.message))" } ?? tr("… asking who reads it")
        }
        if status.groups.isEmpty { return tr("nobody: no group reads this topic") }
        let shown = status.groups.prefix(6).map(OperateDialog.receiver).joined(separator: ", ")
        return status.groups.count > 6 ? tr("\(shown) and \(status.groups.count - 6) more") : shown
    }
}
