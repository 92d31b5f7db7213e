import SluiceAPI

// MARK: Update
extension ConsoleModel {
    /// Takes in what happened; the effects are to be carried out, by an ``EffectRunner`` or the driver itself.
    public mutating func update(_ event: Event) -> [Effect] {
        let language = settings.language
        return Language.$current.withValue(language) { take(event) }
    }

    private mutating func take(_ event: Event) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .key(let key): press(key, &effects)
        case .paste(let text): paste(text, &effects)
        case .mouse(let mouse): handle(mouse, &effects)
        case .resize(let newSize):
            size = Size(width: max(0, newSize.width), height: max(0, newSize.height))
            arrange()
        case .tick(let time): tick(time, &effects)
        case .answer(let answer):
            take(answer, &effects)
            if case .reply(_, let query, .success) = answer, query == .broker || query == .groups {
                judgeAlerts(by: query, &effects)
            }
        case .called(let call):
            calls.add(call)
            if place == .calls { arrange() }
        case .scenario(let status): take(status, &effects)
        case .suspendAsked: leave(.suspend, &effects)
        }
        settleList()
        if place.screen == .messages { askForPage(&effects) }
        return effects
    }

    private mutating func tick(_ time: Int64, _ effects: inout [Effect]) {
        now = time
        if let notice, notice.until <= now { self.notice = nil }
        guard !isPaused else { return }
        // Ticks come a little early or late: one that is nearly due is due.
        if let last = lastRefresh, now >= last, now - last < refreshInterval - tickInterval / 10 {
            // Whoever waits for a broker does not wait for a refresh: it is tried with every tick.
            if outage != nil, inFlight[Query.broker.slot] == nil { ask(.broker, &effects) }
            return
        }
        refresh(&effects)
    }

    private mutating func paste(_ text: String, _ effects: inout [Effect]) {
        if leaving != nil { return }
        if dialog != nil {
            type(text, &effects)
        } else if prompt != nil {
            prompt?.field.insert(text.filter { !$0.isNewline })
            applyFilterPrompt()
        }
    }

    mutating func say(
        _ text: String, _ kind: Notice.Kind = .info, for milliseconds: Int64 = 8000, offer: String = ""
    ) {
        notice = Notice(text: text, kind: kind, until: now + milliseconds, offer: offer)
    }

    mutating func go(to target: Location, _ effects: inout [Effect]) {
        history.go(to: target)
        arrive(&effects)
    }

    /// What every change of place needs: its rows, and its data if it is not there.
    mutating func arrive(_ effects: inout [Effect]) {
        prompt = nil
        bodyView = .text
        // Lists of places that the history has forgotten.
        if lists.count > 100 {
            let kept = Set(history.places)
            lists = lists.filter { kept.contains($0.key) }
        }
        forgetOtherEntities()
        arrange()
        for query in needs where inFlight[query.slot] == nil { ask(query, &effects) }
    }

    /// Details of what was looked at before are not kept for ever.
    private mutating func forgetOtherEntities() {
        let limit = 32
        if data.topic.count > limit { data.topic = [:] }
        if data.group.count > limit {
            data.group = [:]
            data.queueOffsets = [:]
            data.queueMax = [:]
        }
        if data.pages.count > limit { data.pages = [:] }
        if data.message.count > limit { data.message = [:] }
        // Pages of the audit and gates looked at before.
        if data.told.count > limit {
            data.told = data.told.filter { [.features, .brokers, .gates(group: nil), .publishLimits].contains($0.key) }
        }
        if data.traces.count > limit { data.traces = [:] }
        if data.histograms.count > limit { data.histograms = [:] }
        if pageStarts.count > 1000 { pageStarts = [:] }
    }

    mutating func ticket() -> Ticket {
        nextTicket += 1
        return Ticket(nextTicket)
    }
}
