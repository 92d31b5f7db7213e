import SluiceAPI

/// What was done by hand: who, what, why, and how it ended.
enum AuditScreen {
    private static let columns = [
        Column("entry", 7, .right),
        Column("when", 11),
        Column("who", 8, grow: 1, limit: 20),
        Column("action", 14, grow: 1, limit: 18),
        Column("target", 15, grow: 2, limit: 40),
        Column("outcome", 9, grow: 2, limit: 40),
        Column("reason", 10, priority: 1, grow: 3, limit: 70),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let deeds = model.deeds
        let screen = ListScreen(
            title: title(model, deeds.count), items: deeds, columns: columns,
            whenEmpty: tr("Nothing was done by hand yet."), trailing: chain(model))
        if let reason = model.whyNot(.audit) { return screen.refuse(reason, rect, &painter) }
        screen.draw(model, model.told(model.auditQuestion), rect, &painter) {
            cells($0, model)
        } detail: { deed, area, painter in
            drawDetail(deed, model, area, &painter)
        }
    }

    private static func title(_ model: ConsoleModel, _ count: Int) -> String {
        var text = tr("Audit")
        if let total = model.auditTotal {
            text += " · \(Format.plural(total, "entry", "entries"))"
            let shown = model.auditEntries
            if let first = shown.first?.number, let last = shown.last?.number, Int64(shown.count) < total {
                text += tr(" · \(Format.exact(first)) to \(Format.exact(last)): < older, > newer")
            }
        }
        if let filter = model.list.filter { text += tr(" · /\(filter.source): \(model.rows.count) of \(count)") }
        if let sentence = model.substitute(for: .audit) { text += " · \(sentence)" }
        return text
    }

    /// What verifying the chain found.
    private static func chain(_ model: ConsoleModel) -> [Span] {
        let fetched = model.told(.verifyAudit)
        if let error = fetched.error { return [Span(tr("not verified: \(error.message)"), .bad)] }
        guard case .auditVerified(let found)? = fetched.value else { return [] }
        return [
            Span(
                found.brokenAt == nil ? tr("chain holds") : tr("broken at \(Format.exact(found.brokenAt))"),
                found.brokenAt == nil ? .good : .bad)
        ]
    }

    static func sentence(_ found: AuditVerification) -> String {
        if let broken = found.brokenAt {
            guard let problem = found.problem else {
                return tr("The audit's chain is broken at entry \(Format.exact(broken)).")
            }
            return tr("The audit's chain is broken at entry \(Format.exact(broken)): \(problem)")
        }
        let entries = Format.plural(found.entries, "entry", "entries")
        let head = found.head.prefix(16)
        guard !found.unfinished.isEmpty else { return tr("The chain of \(entries) holds; head \(head)…") }
        let actions = Format.plural(found.unfinished.count, "action")
        return tr("The chain of \(entries) holds; \(actions) without an end; head \(head)…")
    }

    private static func cells(_ deed: Deed, _ model: ConsoleModel) -> [Span] {
        guard let entry = deed.entry else { return [] }
        return [
            Span(Format.exact(entry.number), .dim), Span(model.moment(entry.time), .dim), Span(entry.actor.name),
            Span(entry.action, .accent), Span(entry.target), outcome(deed),
            Span(entry.reason.isEmpty ? Format.unknown : entry.reason, entry.reason.isEmpty ? .dim : .text),
        ]
    }

    private static func outcome(_ deed: Deed) -> Span {
        guard let after = deed.after else {
            // The end may be among newer entries, which were not asked for here.
            return deed.isEndElsewhere ? Span(tr("on a newer page"), .dim) : Span(tr("no end yet"), .attention)
        }
        return Span(after.outcome.map { tr(key: $0) } ?? "?", deed.isDone ? .good : .bad)
    }

    private static func noEnd(_ deed: Deed) -> String {
        deed.isEndElsewhere ? tr("on a newer page: > goes there") : tr("not known: it has no end")
    }

    private static func drawDetail(_ deed: Deed, _ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        guard let entry = deed.entry else { return }
        painter.rule(rect, tr("Entry \(Format.exact(entry.number)) · \(entry.action) \(entry.target)"))
        let proof = entry.actor.isProven ? tr("name proven") : tr("name claimed")
        var who = [Span(entry.actor.name), Span(tr(" at \(entry.actor.host)"), .dim)]
        who.append(Span("   " + proof, entry.actor.isProven ? .good : .warning))
        who.append(Span("   \(model.fullMoment(entry.time))", .dim))
        var end = [outcome(deed)]
        if let after = deed.after, let before = deed.before {
            let length = after.time - before.time
            let later = length < 1 ? tr("at once") : tr("\(Format.age(length)) later")
            end.append(Span(tr("   \(later), entry \(Format.exact(after.number))"), .dim))
        }
        painter.pairs(
            [
                (tr("who"), who),
                (tr("reason"), [Span(entry.reason.isEmpty ? tr("none was given") : entry.reason, .text)]),
                (tr("before"), [Span(deed.before?.state ?? tr("on an older page"), deed.before == nil ? .dim : .text)]),
                (
                    tr("after"),
                    [Span(deed.after?.state ?? noEnd(deed), deed.after == nil ? .dim : .text)]
                ),
                (tr("outcome"), end),
                (tr("hash"), [Span(entry.hash, .dim)]),
            ], in: Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1))
    }
}
