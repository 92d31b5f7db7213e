import SluiceAPI
import SluiceMessage
import SluiceStorage

/// A batch on its way to brokers elsewhere: its entries' bytes, and what became of them there.
extension PublishBatch {
    /// Calls `body` with an entry's properties and body; both live until it returns.
    public func withEntry<T>(
        _ index: Int, _ body: (_ properties: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> T
    ) -> T {
        body(properties(entries[index]), self.body(entries[index]))
    }

    /// Bytes of an entry's properties and body.
    public func size(_ index: Int) -> Int { Int(entries[index].propertyBytes) + Int(entries[index].bodyBytes) }

    /// A broker elsewhere stored an entry.
    /// - Parameter queue: the queue's number where there are several brokers (``ClusterQueue``).
    public func wasStored(_ index: Int, queue: Int, queueOffset: Int64, physicalOffset: Int64, at host: HostAddress) {
        stored(
            index, queue: Int32(truncatingIfNeeded: queue), queueOffset: queueOffset, physicalOffset: physicalOffset)
        storeHosts[ClusterQueue.broker(queue)] = host
    }

    /// An entry was not stored, or nobody knows.
    public func wasRefused(_ index: Int, _ error: APIError) { fail(index, error) }
}

extension PullAnswer {
    /// What a broker elsewhere answered, with the records it sent.
    public init(status: Status, next: Int64, minOffset: Int64, maxOffset: Int64, fetched: Fetch?) {
        self.init(
            status: status, next: next, minOffset: minOffset, maxOffset: maxOffset, units: nil, reader: nil,
            fetched: fetched, filter: .all, delivered: [], damaged: DeliveryCounter())
    }
}
