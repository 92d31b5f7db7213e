import CSluice
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceStorage
import Synchronization

/// What an operator sees and does on brokers of RocketMQ, with nothing of ours installed there: its requests in RocketMQ's
/// own terms. Where a broker cannot do something, the answer is an error that says why (``FeatureTable``).
public final class ClusterOperator: Sendable {
    let calls: any ClusterCalls
    let cluster: ClusterLook
    let now: @Sendable () -> Int64
    let audit: LocalAudit?
    let flow: FlowGatherer
    /// On which brokers a record with a physical offset was seen, so that a copy of it is a copy of what was shown.
    let places = Mutex<[Int64: Set<Int>]>([:])
    let movements = Mutex<[String: (offset: Int64, at: Int64)]>([:])
    let storeTimes = Mutex<[String: Int64]>([:])

    /// - Parameters:
    ///   - auditFile: the file that everything done by hand is noted in before it happens; nil keeps none.
    ///   - now: epoch ms.
    public init(
        _ calls: any ClusterCalls, auditFile: String? = nil,
        now: @escaping @Sendable () -> Int64 = { sluice_wall_milliseconds() }
    ) {
        self.calls = calls
        self.now = now
        cluster = ClusterLook(calls, now: now)
        audit = auditFile.map(LocalAudit.init)
        flow = FlowGatherer()
    }

    /// Answers what ``Admin`` asks. Requests that clients make are not for here.
    public func answer(_ request: Request) async -> Response {
        do throws(APIError) {
            return try await answered(request)
        } catch {
            return .failed(error)
        }
    }

    /// What somebody looks at is asked for in each round; the rest takes turns.
    public func watch(_ names: Set<String>) { cluster.watched.withLock { $0 = names } }

    private func answered(_ request: Request) async throws(APIError) -> Response {
        switch request {
        case .broker: return .broker(try await brokerStatus())
        case .flow(let since): return .flow(try await flowSamples(since: since))
        case .topics: return .topics(try await topicSummaries())
        case .topic(let name): return .topic(try await topicStatus(name))
        case .topicConfig(let name): return .topicConfig(try await topicConfig(name))
        case .groups: return .groups(try await groupSummaries())
        case .group(let name): return .group(try await groupStatus(name))
        case .delays(let query): return .delays(try await delayPage(query))
        case .delayHistogram(let start, let width, let buckets):
            return .histogram(try await delayHistogram(start: start, width: width, buckets: buckets))
        case .halves(let skip, let limit): return .halves(try await halfPage(skip: skip, limit: limit))
        case .half(let id): return .half(try await half(id: id))
        case .act(let action, let context): return .acted(try await act(action, context))
        case .question(let question): return .told(try await told(question))
        case .updateTopic(let config, let mustBeNew):
            _ = try await act(.updateTopic(config, mustBeNew: mustBeNew), .unnamed)
            return .done
        case .deleteTopic(let name):
            _ = try await act(.deleteTopic(name), .unnamed)
            return .done
        case .updateGroup(let config):
            _ = try await act(.updateGroup(config), .unnamed)
            return .done
        case .deleteGroup(let name):
            _ = try await act(.deleteGroup(name), .unnamed)
            return .done
        default: throw APIError(.unavailable, "a RocketMQ cluster has no such request for an operator: \(request)")
        }
    }
}

extension ActionContext {
    /// Of requests that name nobody.
    fileprivate static var unnamed: ActionContext {
        ActionContext(actor: Actor(name: "unknown", host: "", isProven: false))
    }
}
