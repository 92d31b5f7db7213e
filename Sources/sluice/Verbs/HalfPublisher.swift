import SluiceAPI
import SluiceClient
import SluiceMessage

/// Publishes half messages, one after the other, and resolves them when asked to.
struct HalfPublisher {
    private let admin: any Admin
    private let group: String
    private let resolution: Resolution?
    private let producer: TransactionProducer?

    /// - Parameter resolution: nil leaves the half unresolved.
    init(_ broker: any BrokerAccess, group: String, resolution: Resolution?) {
        admin = broker.admin
        self.group = group
        self.resolution = resolution
        producer = resolution.map { resolution in
            TransactionProducer(broker.connection, group: group) { _ in resolution == .commit ? .commit : .rollback }
        }
    }

    func send(_ message: Message) throws -> (receipt: SendReceipt, state: PublishState) {
        guard let producer, let resolution else {
            return (
                try blocking { [admin, group] in try await admin.publishHalf(message, producerGroup: group) }, .half
            )
        }
        let outcome: TransactionState = resolution == .commit ? .commit : .rollback
        let receipt = try blocking { try await producer.send(message) { _ in outcome }.receipt }
        return (receipt, resolution == .commit ? .commit : .rollback)
    }

    func close() { producer?.close() }
}
