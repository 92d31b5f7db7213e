import SluiceAPI

/// A queue's number for people. Where there are several brokers, those of all but the first are written `BROKER:QUEUE`,
/// with the broker's number as the brokers screen counts them.
func queueText(_ number: Int) -> String {
    let (broker, queue) = (ClusterQueue.broker(number), ClusterQueue.queue(number))
    return broker == 0 ? "\(queue)" : "\(broker):\(queue)"
}
