import Dispatch
import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// What goes wrong with a payment.
enum PaymentFault: String, Sendable, CaseIterable {
    /// The instance is gone after the half message, before its local commit.
    case beforeCommit = "crash-before"
    /// It is gone after its local commit, before the second confirmation.
    case afterCommit = "crash-after"
    /// The bank's answer is out: the instance says that it does not know yet.
    case unknown
    /// The local transaction fails: the money is not there.
    case uncovered
    /// Nobody but a person can say how it ended.
    case disputed
}

/// An instance of the payment service: half message, local transaction, second confirmation. It answers check-backs for
/// the other instances of its group too, from the shared ledger.
final class PaymentInstance: Sendable {
    let number: Int
    private let ledger: PaymentLedger
    private let topic: String
    private let producer: TransactionProducer
    private let checks = Mutex(0)
    private let mute: Mute

    /// Whether check-backs are answered with a shrug.
    private final class Mute: Sendable { let isOn = Mutex(false) }

    /// - Parameters:
    ///   - onCheck: told of each check-back and its answer, on the producer's thread.
    ///   - lies: in tests, says of every order that it was paid.
    init(
        _ number: Int, _ connection: any Connection, ledger: PaymentLedger, topic: String, group: String,
        lies: Bool = false, onCheck: @escaping @Sendable (Int, TransactionState) -> Void = { _, _ in }
    ) {
        self.number = number
        self.ledger = ledger
        self.topic = topic
        let mute = Mute()
        self.mute = mute
        producer = TransactionProducer(connection, group: group) { half in
            let answer: TransactionState =
                mute.isOn.withLock { $0 } ? .unknown : lies ? .commit : Self.answer(half, ledger)
            onCheck(number, answer)
            return answer
        }
    }

    /// While it is on, this instance has no answer to check-backs.
    var isMute: Bool {
        get { mute.isOn.withLock { $0 } }
        set { mute.isOn.withLock { $0 = newValue } }
    }

    /// How a local transaction ended, by the ledger. One that did not end is given up, so that it cannot commit later.
    private static func answer(_ half: StoredMessage, _ ledger: PaymentLedger) -> TransactionState {
        guard let order = Payments.order(half) else { return .rollback }
        do {
            switch try ledger.state(order) {
            case .paid: return .commit
            case .failed, nil: return .rollback
            case .disputed: return .unknown
            // The bank has answered meanwhile.
            case .waiting: return try ledger.pay(order) ? .commit : .unknown
            case .new: return try ledger.change(order, from: [.new], to: .failed) ? .rollback : .unknown
            }
        } catch {
            // The ledger cannot be read now: the broker will ask again.
            return .unknown
        }
    }

    /// Pays an order. Blocks.
    ///
    /// - Parameters:
    ///   - fault: what goes wrong on the way; a crash means that nothing more is said about this order.
    ///   - die: called at the moment of a crash; a process of its own kills itself here.
    /// - Returns: seconds that the local transaction held the ledger; nil when there was none.
    @discardableResult
    func pay(_ order: Int64, _ fault: PaymentFault? = nil, die: @escaping () -> Void = {}) throws -> Double? {
        let receipt: SendReceipt
        do {
            receipt = try half(order)
        } catch {
            // The half may be stored or not: its check-back, if one comes, finds an order that was given up.
            try ledger.change(order, from: [.new], to: .failed)
            throw error
        }
        switch fault {
        case .beforeCommit:
            die()
            return nil
        case .disputed:
            try ledger.change(order, from: [.new], to: .disputed)
            return nil
        case .unknown:
            try ledger.change(order, from: [.new], to: .waiting)
            producer.end(receipt, as: .unknown) { _ in }
            return nil
        case .afterCommit, .uncovered, nil: break
        }
        let start = monotonicSeconds()
        let state: TransactionState
        do {
            state = try ledger.pay(order) ? .commit : .rollback
        } catch {
            try ledger.change(order, from: [.new], to: .failed)
            state = .rollback
        }
        let seconds = monotonicSeconds() - start
        if fault == .afterCommit {
            die()
        } else {
            producer.end(receipt, as: state) { _ in }
        }
        return seconds
    }

    /// Sends the half message and waits until the broker has it.
    private func half(_ order: Int64) throws -> SendReceipt {
        let done = DispatchSemaphore(value: 0)
        let answer = Mutex<Result<SendReceipt, APIError>?>(nil)
        try producer.post(Payments.message(order, topic: topic, half: true)) { result in
            answer.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = answer.withLock({ $0 }) else { throw APIError(.failed, "the half message got no answer") }
        return try result.get()
    }

    /// Leaves the group: check-backs go to the others from here on.
    func close() { producer.close() }
}
