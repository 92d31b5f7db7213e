import Foundation
import SluiceAPI
import SluiceClient
import SluiceMessage
import Synchronization

/// Reads a group's dead letters as they come, on a thread of its own.
final class DeadLetterReader: Sendable {
    private struct State {
        var keys: Set<String> = []
        var isStopped = false
    }
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)
    private let isStarted = Mutex(false)

    /// Business keys of the dead letters so far.
    var keys: Set<String> { state.withLock { $0.keys } }

    /// - Parameter reader: the group that reads; it commits nothing.
    func start(_ connection: any Connection, group: String, reader: String) {
        isStarted.withLock { $0 = true }
        let consumer = PullConsumer(connection, group: reader)
        let queue = QueueID(TopicName.deadLetter(group), 0)
        Thread { [self] in
            var next: Int64 = 0
            while !state.withLock({ $0.isStopped }) {
                let from = next
                // There is no such topic before the first dead letter.
                guard let pulled = try? blocking({ try await consumer.pull(queue, from: from, wait: 200) }),
                    pulled.next > from || !pulled.messages.isEmpty
                else {
                    sleep(untilMonotonic: monotonicSeconds() + 0.1)
                    continue
                }
                next = pulled.next
                state.withLock { state in
                    for message in pulled.messages { state.keys.formUnion(message.keys) }
                }
            }
            ended.signal()
        }.start()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        if isStarted.withLock({ isStarted in
            defer { isStarted = false }
            return isStarted
        }) {
            ended.wait()
        }
    }
}
