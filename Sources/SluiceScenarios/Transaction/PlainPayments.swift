import SluiceAPI
import SluiceClient
import Synchronization

/// The contrast: payments that send a plain message before or after their local transaction. Each of the three ways in
/// which that goes wrong leaves payment and services in disagreement, and nobody notices.
final class PlainPayments: Sendable {
    enum Failure: String, Sendable, CaseIterable {
        /// The message is sent, and then the order fails.
        case sentButFailed = "sent_but_failed"
        /// The order is done, and the instance dies before it sends.
        case doneButNotSent = "done_but_not_sent"
        /// No answer in time: given up, although the message is stored.
        case timedOut = "timed_out"
    }
    let ledger: PaymentLedger
    let services: [Downstream]
    private let producer: Producer
    private let topic: String
    private let counts = Mutex<[Failure: Int]>([:])

    init(_ stage: ScenarioStage, topic: String) throws {
        self.topic = topic
        ledger = try PaymentLedger(path: stage.folder + "/plain-payment.sqlite")
        services = try Downstream.Work.allCases.map {
            try Downstream(
                $0, path: "\(stage.folder)/plain-\($0.rawValue).sqlite",
                group: try stage.makeGroup("plain-\($0.rawValue)"))
        }
        producer = Producer(stage.connection, ProducerOptions(group: stage.name("plain-payment")))
    }

    /// How often each failure happened.
    var failures: [Failure: Int] { counts.withLock { $0 } }

    /// Pays an order: first the message, then the local transaction, which is what many do. Blocks.
    func pay(_ failure: Failure?) throws {
        let order = try ledger.takeOrder(isCovered: failure != .sentButFailed)
        let message = Payments.message(order, topic: topic, half: false)
        switch failure {
        case nil, .sentButFailed:
            do {
                _ = try blocking { [producer] in try await producer.send(message) }
            } catch {
                // No answer: the order is given up, whether the message is stored or not.
                try ledger.change(order, from: [.new], to: .failed)
                throw error
            }
            do {
                _ = try ledger.pay(order)
            } catch {
                try ledger.change(order, from: [.new], to: .failed)
            }
        case .doneButNotSent: _ = try ledger.pay(order)
        case .timedOut:
            // Its deadline is over before the answer can be there.
            try producer.post(message) { _ in }
            try ledger.change(order, from: [.new], to: .failed)
        }
        if let failure { counts.withLock { $0[failure, default: 0] += 1 } }
    }

    func close() {
        producer.close()
        for service in services { try? service.close() }
        try? ledger.close()
    }
}
