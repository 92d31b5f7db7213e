import SluiceAPI
import SluiceMessage
import SluiceSimulator

@testable import SluiceBroker

/// Short ways to halves for tests of transactions.
extension BrokerHarness {
    @discardableResult
    func half(
        _ id: String?, group: String = "pg", topic: String = "t", immunity: Int? = nil, body: String? = nil
    ) throws -> Stored {
        var properties: [Property] = []
        if let id { properties.append(Property(PropertyName.uniqueKey, id)) }
        if let immunity { properties.append(Property(PropertyName.checkImmunity, String(immunity))) }
        let text = body ?? id ?? "without id"
        let message = Message(topic: topic, body: Array(text.utf8), properties: properties, queue: 1)
        return try publish(message, transaction: group)
    }

    func end(
        _ stored: Stored, _ resolution: Resolution?, group: String = "pg", id: String? = nil,
        origin: ResolutionOrigin = .producer
    ) throws {
        try ask(
            .endTransaction(
                EndTransaction(
                    producerGroup: group, physicalOffset: stored.physicalOffset, queueOffset: stored.queueOffset,
                    resolution: resolution, origin: origin, id: id)))
    }

    /// What an action by hand does, or why it does not.
    func byHand(_ act: (Broker, @escaping Reply) throws -> Void) throws -> ActionOutcome {
        let box = ReplyBox()
        try act(broker, box.reply)
        settle()
        switch box.response {
        case .acted(let outcome): return outcome
        case .failed(let error): throw error
        default: throw APIError(.failed, "no answer to an action")
        }
    }

    func resolve(
        _ id: String, _ resolution: Resolution, reason: String = "", dryRun: Bool = false, isProven: Bool = false
    ) throws -> ActionOutcome {
        let context = ActionContext(
            actor: Actor(name: "anna", host: "desk", isProven: isProven), reason: reason, dryRun: dryRun)
        return try byHand { try $0.resolveByHand(id: id, resolution, context, $1) }
    }

    func recheck(_ id: String, dryRun: Bool = false) throws -> ActionOutcome {
        let context = ActionContext(actor: Actor(name: "anna", host: "desk", isProven: false), dryRun: dryRun)
        return try byHand { try $0.recheckByHand(id: id, context, $1) }
    }

    func producer(_ client: String, group: String = "pg") throws -> PushLog {
        let log = PushLog()
        try ask(.register(Registration(client: client, address: "a", producerGroup: group, push: log.push)))
        return log
    }

    /// What `body` was refused with.
    func refusal(_ body: () throws -> Void) -> APIError? {
        do {
            try body()
            return nil
        } catch {
            return error as? APIError
        }
    }
}

extension PushLog {
    /// Ids of the halves that were asked about, in order.
    var asked: [String] {
        all.compactMap {
            if case .checkTransaction(let half, _) = $0 { half.id } else { nil }
        }
    }
}
