import SluiceAPI
import SluiceMessage

// MARK: Answers
extension ConsoleModel {
    mutating func take(_ answer: Answer, _ effects: inout [Effect]) {
        switch answer {
        case .reply(let ticket, let query, let result):
            if takeLeaving(ticket, result, &effects) { return }
            // One that was overtaken, or whose place was left for another question, is dropped.
            guard inFlight[query.slot] == ticket else { return }
            inFlight[query.slot] = nil
            let byHand = manualRefresh.remove(ticket) != nil
            switch result {
            case .success(let reply):
                let wasOut = outage != nil
                store(reply, of: query)
                if wasOut, outage == nil { refresh(&effects) }
                if case .scan(let id, let from, _) = query, case .messages(let messages) = reply {
                    takeScan(.success(messages), id, from: from, &effects)
                }
                if byHand && manualRefresh.isEmpty && notice?.kind != .bad { say(tr("Refreshed."), .good, for: 2000) }
            case .failure(let error):
                fail(query, error)
                if case .scan(let id, let from, _) = query { takeScan(.failure(error), id, from: from, &effects) }
                if speaks(query, error, byHand: byHand) { say(error.message, .bad) }
            }
            if changesRows(query) { arrange() }
        case .done(let ticket, let result): takeOutcome(ticket, result, &effects)
        case .theme(let loaded, let problem):
            theme = loaded
            settings.theme = loaded
            if let problem { say(problem, .bad, for: 15_000) }
        case .themes(let names): takeThemes(names)
        case .templates(let templates, let problems):
            guard case .publish(var form) = dialog else { return }
            form.take(templates, problems: problems)
            dialog = .publish(form)
        case .templateSaved(let name, let problem):
            guard case .publish(var form) = dialog else { return }
            form.takeSaved(name, problem)
            dialog = .publish(form)
        case .file(let answer): take(answer, &effects)
        }
    }

    /// False for answers that the rows in front do not come from: thousands of them are not sorted for nothing.
    private func changesRows(_ query: Query) -> Bool {
        switch place {
        case .topics: query == .topics
        case .groups: query == .groups
        case .overview: query == .broker || query == .groups || query.isHalves
        default: true
        }
    }

    private var gap: Int64 { max(10_000, 3 * refreshInterval) }

    private mutating func store(_ reply: Reply, of query: Query) {
        switch (reply, query) {
        case (.broker(let status), _):
            data.broker.take(status, at: now)
            endOutage()
        case (.flow(let samples), _):
            data.flow.add(samples)
            data.flowState.take(samples.count, at: now)
        case (.topics(let topics), _): store(topics)
        case (.groups(let groups), _): store(groups)
        case (.topic(let status), .topic(let name)):
            data.topic[name, default: Fetched()].take(status, at: now)
            track(status.summary)
            findDeadLetters(status)
        case (.group(let status), .group(let name)):
            data.group[name, default: Fetched()].take(status, at: now)
            track(status)
        case (.delays(let page), .delays(let query)):
            data.delays.take(page, at: now)
            shownDelays = query
        case (.histogram(let histogram), .histogram(_, let width, _)):
            data.histograms[width, default: Fetched()].take(histogram, at: now)
        case (.halves(let page), _): data.halves.take(page, at: now)
        case (.messages(let messages), .page(let topic, let queue, let from, let limit)):
            store(messages, QueueID(topic, queue), from: from, limit: limit)
        case (.messages(let messages), .trace(let id)): data.traces[id, default: Fetched()].take(messages, at: now)
        case (.told(let answer), .question(let question)):
            data.told[question, default: Fetched()].take(answer, at: now)
            if question == .features { asksFeatures = false }
            if case .replays(let list) = answer { track(list) }
            if case .auditVerified(let found) = answer {
                say(AuditScreen.sentence(found), found.brokenAt == nil ? .good : .bad)
            }
        default: break
        }
    }

    private mutating func store(_ topics: [TopicSummary]) {
        data.topics.take(topics, at: now)
        for topic in topics { track(topic) }
        if data.published.count > topics.count * 2 + 64 {
            let names = Set(topics.map(\.config.name))
            data.published = data.published.filter { names.contains($0.key) }
            data.delivered = data.delivered.filter { names.contains($0.key) }
        }
    }

    private mutating func track(_ topic: TopicSummary) {
        data.published[topic.config.name, default: CounterTrack()].add(
            topic.published, at: now, gap: gap, of: topic.coverage?.counted ?? [])
        data.delivered[topic.config.name, default: CounterTrack()].add(
            topic.delivered, at: now, gap: gap, of: topic.coverage?.counted ?? [])
    }

    private mutating func store(_ groups: [GroupSummary]) {
        data.groups.take(groups, at: now)
        for group in groups { track(group) }
        if data.committed.count > groups.count * 2 + 64 {
            let names = Set(groups.map(\.config.name))
            data.committed = data.committed.filter { names.contains($0.key) }
            data.lag = data.lag.filter { names.contains($0.key) }
        }
    }

    private mutating func track(_ group: GroupSummary) {
        data.committed[group.config.name, default: CounterTrack()].add(
            group.committed, at: now, gap: gap, of: group.coverage?.counted ?? [])
        if let lag = group.lag { data.lag[group.config.name, default: LevelTrack()].add(lag, at: now, gap: gap) }
    }

    private mutating func track(_ status: GroupStatus) {
        track(status.summary)
        for queue in status.queues {
            let key = GroupQueue(group: status.summary.config.name, queue: queue.id)
            if let offset = queue.offset {
                data.queueOffsets[key, default: CounterTrack()].add(offset, at: now, gap: gap)
            }
            data.queueMax[key, default: CounterTrack()].add(queue.maxOffset, at: now, gap: gap)
        }
    }

    private mutating func track(_ replays: [ReplayStatus]) {
        let ids = Set(replays.map(\.id))
        data.replayed = data.replayed.filter { ids.contains($0.key) }
        for replay in replays { data.replayed[replay.id, default: CounterTrack()].add(replay.done, at: now, gap: gap) }
    }

    private mutating func store(_ messages: [StoredMessage], _ id: QueueID, from: Int64, limit: Int) {
        // A single one may be asked for by the message screen; the page screen asks for whole pages.
        if case .message(id, from) = place, limit == 1 {
            data.message[MessageID(queue: id, offset: from), default: Fetched()].take(messages.first, at: now)
        } else {
            data.pages[id, default: Fetched()].take(MessagePage(from: from, messages: messages), at: now)
        }
    }

    private mutating func fail(_ query: Query, _ error: APIError) {
        switch query {
        case .broker:
            data.broker.fail(error)
            noteOutage(error)
        case .flow: data.flowState.fail(error)
        case .topics: data.topics.fail(error)
        case .groups: data.groups.fail(error)
        case .topic(let name):
            // One that is gone is not shown as it was.
            if error.code == .notFound { data.topic[name] = nil }
            data.topic[name, default: Fetched()].fail(error)
        case .group(let name):
            if error.code == .notFound { data.group[name] = nil }
            data.group[name, default: Fetched()].fail(error)
        case .delays: data.delays.fail(error)
        case .histogram(_, let width, _): data.histograms[width, default: Fetched()].fail(error)
        case .halves: data.halves.fail(error)
        case .question(let question):
            data.told[question, default: Fetched()].fail(error)
            // One that does not know the question is not asked again and again.
            if question == .features, error.code != .unreachable { asksFeatures = false }
        case .scan: break
        case .trace(let id): data.traces[id, default: Fetched()].fail(error)
        case .page(let topic, let queue, let from, let limit):
            let id = QueueID(topic, queue)
            if case .message(id, from) = place, limit == 1 {
                data.message[MessageID(queue: id, offset: from), default: Fetched()].fail(error)
            } else {
                data.pages[id, default: Fetched()].fail(error)
            }
        }
    }

    /// What the status line says of failures: not what a screen or the banner says in its place.
    private func speaks(_ query: Query, _ error: APIError, byHand: Bool) -> Bool {
        // The banner says it.
        if error.code == .unreachable, outage != nil { return false }
        if byHand || query == .question(.verifyAudit) { return true }
        switch query {
        case .question, .trace: return false
        default: break
        }
        return error.code != .notFound && error.code != .unreachable
    }

    private mutating func noteOutage(_ error: APIError) {
        guard error.code == .unreachable else { return }
        // Good news of before does not stand in the banner's place.
        if outage == nil, notice?.kind != .bad { notice = nil }
        if outage == nil { outage = Outage(since: now) } else { outage?.retries += 1 }
    }

    private mutating func endOutage() {
        guard let outage else { return }
        self.outage = nil
        // It may be another broker now, or a newer one.
        asksFeatures = true
        // What became of an act is not covered by it.
        guard notice?.kind != .bad else { return }
        say(tr("Answering again after \(Format.age(now - outage.since))."), .good)
    }

    private mutating func takeThemes(_ names: [String]) {
        themeNames = names
        guard case .chooser(var chooser) = dialog, chooser.purpose == .theme else { return }
        chooser.choices = names
        chooser.selected = names.firstIndex(of: theme.name) ?? 0
        dialog = .chooser(chooser)
    }
}
