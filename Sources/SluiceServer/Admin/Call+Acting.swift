import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting

/// Changes by RocketMQ's own requests are operators' actions like those of our own tools: audited, with who sent them.
extension Call {
    /// Requests that change something by hand.
    static let changes: Set<Int32> = [
        RequestCode.updateAndCreateTopic, RequestCode.updateAndCreateTopicList, RequestCode.deleteTopicInBroker,
        RequestCode.updateAndCreateSubscriptionGroup, RequestCode.updateAndCreateSubscriptionGroupList,
        RequestCode.deleteSubscriptionGroup, RequestCode.resetOffset, RequestCode.cloneGroupOffset,
        RequestCode.updateBrokerConfig, RequestCode.resumeCheckHalfMessage, RequestCode.updateACLConfig,
        RequestCode.deleteACLConfig, RequestCode.updateGlobalWhiteAddresses, RequestCode.deleteTopicInNameServer,
        RequestCode.wipeWritePermission, RequestCode.addWritePermission, RequestCode.putKV, RequestCode.deleteKV,
        RequestCode.updateNameServerConfig,
    ]

    @discardableResult
    func act(_ action: OperatorAction) async throws(Refusal) -> ActionOutcome {
        guard case .acted(let outcome) = try await ask(.act(action, try await context())) else {
            throw Refusal(ResponseCode.systemError, "the broker did not tell what it did")
        }
        return outcome
    }

    /// Does what is not the broker's own to do, noted before and after.
    /// - Parameters:
    ///   - subject: what it is about, as it stands; asked before and after.
    ///   - perform: does it and says what was done, in words; may be empty.
    func noted(
        _ subject: @autoclosure () -> AuditSubject, _ perform: () async throws(Refusal) -> String
    ) async throws(Refusal) {
        let context = try await context()
        guard case .noted(let begun) = try await ask(.noteBegin(subject(), context)) else {
            throw Refusal(ResponseCode.systemError, "the broker did not note what is to be done")
        }
        do throws(Refusal) {
            let outcome = AuditEntry.outcome(done: try await perform())
            // What cannot be noted any more was done all the same: the audit says that it has no end.
            _ = try? await ask(.noteEnd(subject(), context, begun: begun, outcome: outcome))
        } catch {
            _ = try? await ask(.noteEnd(subject(), context, begun: begun, outcome: error.remark))
            throw error
        }
    }

    private func context() async throws(Refusal) -> ActionContext {
        // Tools send no heartbeats; what else speaks over the connection has a name.
        let client = try await onLoop { [connection] in connection.clients.min() }
        let claimed = request[Signature.accessKeyField] ?? client ?? "unnamed"
        let address = connection.isLocal ? "localhost" : remoteAddress
        return ActionContext(
            actor: actor(claiming: Actor(name: claimed, host: address, isProven: false)),
            reason: "RocketMQ request \(request.code)")
    }

    private var remoteAddress: String {
        let remote = connection.remoteText
        return String(remote[..<(remote.lastIndex(of: ":") ?? remote.endIndex)])
    }

    /// What this server knows of who sent the request, in place of what was claimed.
    func actor(claiming claimed: Actor) -> Actor {
        // Who comes through the socket in the folder is on this machine.
        let address = connection.isLocal ? claimed.host : remoteAddress
        return switch proof {
        case .user(let user): Actor(name: UserName.of(user), host: address, isProven: true)
        case .account(let name): Actor(name: name, host: address, isProven: true)
        case nil: Actor(name: claimed.name, host: address, isProven: false)
        }
    }
}
