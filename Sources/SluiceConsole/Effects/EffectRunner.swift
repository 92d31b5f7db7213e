import SluiceAPI
import SluiceMessage

/// Carries out the effects of a ``ConsoleModel`` that need the broker or the themes. Whatever fails becomes an answer.
public struct EffectRunner: Sendable {
    private let admin: any Admin
    private let themes: ThemeLibrary
    private let templates: TemplateLibrary
    private let readOnly: Bool
    private let files: LocalFiles

    /// `readOnly` refuses whatever changes state here too, below the screens.
    ///
    /// - Parameter viewFolder: where saved views are kept; nil keeps none.
    public init(
        admin: any Admin, themes: ThemeLibrary = ThemeLibrary(userFolder: nil),
        templates: TemplateLibrary = TemplateLibrary(folder: nil), readOnly: Bool = false, viewFolder: String? = nil
    ) {
        self.admin = admin
        self.themes = themes
        self.templates = templates
        self.readOnly = readOnly
        files = LocalFiles(viewFolder: viewFolder)
    }

    /// The event to feed back; nil for effects that are the driver's own (quit, bell, copy, scenario keys).
    public func run(_ effect: Effect) async -> Event? {
        switch effect {
        case .ask(let ticket, let query):
            do throws(APIError) {
                return .answer(.reply(ticket, query, .success(try await reply(to: query))))
            } catch {
                return .answer(.reply(ticket, query, .failure(error)))
            }
        case .act(let ticket, let act):
            if readOnly && act.changesState {
                return .answer(.done(ticket, .failure(APIError(.refused, tr("This console is read-only.")))))
            }
            do throws(APIError) {
                return .answer(.done(ticket, .success(try await outcome(of: act))))
            } catch {
                return .answer(.done(ticket, .failure(error)))
            }
        case .watch(let names):
            admin.watch(names)
            return nil
        case .loadTheme(let name):
            let (theme, problem) = await Files.offPool { [themes] in themes.load(name) }
            return .answer(.theme(theme, problem: problem))
        case .listThemes: return .answer(.themes(await Files.offPool { [themes] in themes.names() }))
        case .loadTemplates:
            let (found, problems) = await Files.offPool { [templates] in templates.list() }
            return .answer(.templates(found, problems: problems))
        case .saveTemplate(let template, let overwrites):
            let problem = await Files.offPool { [templates] in
                do throws(APIError) {
                    try templates.save(template, overwrites: overwrites)
                    return nil as APIError?
                } catch {
                    return error
                }
            }
            return .answer(.templateSaved(name: template.name, problem: problem))
        case .file(let effect): return .answer(.file(await Files.offPool { [files] in files.run(effect) }))
        case .copy, .bell, .scenarioKey, .startScenario, .quit, .suspend, .openBody: return nil
        }
    }

    /// What is to be fed back, in order: of a call to the broker its answer and, before it, how it went.
    public func events(of effect: Effect) async -> [Event] {
        let start = CallRecord.wallClock()
        let clock = ContinuousClock()
        let begin = clock.now
        guard let event = await run(effect) else { return [] }
        let took = begin.duration(to: clock.now)
        guard let call = CallRecord(effect, event, at: start, took: took) else { return [event] }
        return [.called(call), event]
    }

    private func reply(to query: Query) async throws(APIError) -> Reply {
        switch query {
        case .broker: .broker(try await admin.broker())
        case .flow(let since): .flow(try await admin.flow(since: since))
        case .topics: .topics(try await admin.topics())
        case .topic(let name): .topic(try await admin.topic(name))
        case .groups: .groups(try await admin.groups())
        case .group(let name): .group(try await admin.group(name))
        case .delays(let query): .delays(try await admin.delays(query))
        case .histogram(let start, let width, let buckets):
            .histogram(try await admin.delayHistogram(start: start, width: width, buckets: buckets))
        case .halves(let limit): .halves(try await admin.halves(skip: 0, limit: limit))
        case .page(let topic, let queue, let from, let limit):
            .messages(try await admin.browse(.queue(QueueID(topic, queue), from: from, limit: limit)))
        case .scan(let id, let from, let limit):
            .messages(try await admin.browse(.queue(id, from: from, limit: limit)))
        case .trace(let id):
            .messages(try await admin.browse(.key(id, topic: MessageTrace.topic, limit: MessageTrace.mostMessages)))
        case .question(let question): .told(try await admin.ask(question))
        }
    }

    private func outcome(of act: Act) async throws(APIError) -> Outcome {
        switch act {
        case .publish(let message): .sent(try await admin.publish(message))
        case .publishHalf(let message, let group):
            .sent(try await admin.publishHalf(message, producerGroup: group))
        case .operate(let action, let reason, let dryRun):
            .acted(try await admin.act(action, reason: reason, dryRun: dryRun))
        }
    }
}
