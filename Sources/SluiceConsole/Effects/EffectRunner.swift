import SluiceAPI
import SluiceMessage

/// Carries out the effects of a ``ConsoleModel`` that need the broker or the themes. Whatever fails becomes an answer.
public struct EffectRunner: Sendable {
    private let admin: any Admin
    private let themes: ThemeLibrary
    private let readOnly: Bool

    /// `readOnly` refuses whatever changes state here too, below the screens.
    public init(admin: any Admin, themes: ThemeLibrary = ThemeLibrary(userFolder: nil), readOnly: Bool = false) {
        self.admin = admin
        self.themes = themes
        self.readOnly = readOnly
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
                return .answer(.done(ticket, .failure(APIError(.refused, "This console is read-only."))))
            }
            do throws(APIError) {
                return .answer(.done(ticket, .success(try await outcome(of: act))))
            } catch {
                return .answer(.done(ticket, .failure(error)))
            }
        case .loadTheme(let name):
            let (theme, problem) = themes.load(name)
            return .answer(.theme(theme, problem: problem))
        case .listThemes: return .answer(.themes(themes.names()))
        case .copy, .bell, .scenarioKey, .quit: return nil
        }
    }

    private func reply(to query: Query) async throws(APIError) -> Reply {
        switch query {
        case .broker: .broker(try await admin.broker())
        case .flow(let since): .flow(try await admin.flow(since: since))
        case .topics: .topics(try await admin.topics())
        case .topic(let name): .topic(try await admin.topic(name))
        case .groups: .groups(try await admin.groups())
        case .group(let name): .group(try await admin.group(name))
        case .delays(let topic, let limit):
            .delays(try await admin.delays(DelayQuery(topic: topic, limit: limit)))
        case .histogram(let start, let width, let buckets):
            .histogram(try await admin.delayHistogram(start: start, width: width, buckets: buckets))
        case .halves(let limit): .halves(try await admin.halves(skip: 0, limit: limit))
        case .half(let id): .half(try await admin.half(id: id))
        case .page(let topic, let queue, let from, let limit):
            .messages(try await admin.browse(.queue(QueueID(topic, queue), from: from, limit: limit)))
        case .question(let question): .told(try await admin.ask(question))
        }
    }

    private func outcome(of act: Act) async throws(APIError) -> Outcome {
        switch act {
        case .publish(let message): .sent(try await admin.publish(message))
        case .publishHalf(let message, let group):
            .sent(try await admin.publishHalf(message, producerGroup: group))
        case .reset(let request): .reset(try await admin.reset(request))
        case .resolve(let id, let resolution, let reason):
            .resolved(try await admin.resolve(id: id, as: resolution, reason: reason))
        case .replay(let messages, let topic): .replayed(try await admin.replay(messages, to: topic))
        case .operate(let action, let reason, let dryRun):
            .acted(try await admin.act(action, reason: reason, dryRun: dryRun))
        }
    }
}
