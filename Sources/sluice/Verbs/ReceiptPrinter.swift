import Dispatch
import Glibc
import SluiceAPI
import Synchronization

/// Prints receipts in the order the messages were handed over, each batch with one write as soon as it is known, so that
/// a killed process has printed no id that was not acknowledged and loses none that it printed.
final class ReceiptPrinter: Sendable {
    struct Result: Sendable {
        var acknowledged = 0
        /// Number of the message, counted from 1, and what happened to it.
        var firstFailure: (number: Int, error: APIError)?
        var outputFailure: CommandFailure?
    }

    private struct State {
        /// Outcomes not printed yet, oldest first; nil is in flight.
        var slots: [Swift.Result<SendReceipt, APIError>?] = []
        /// Index into `slots` of the oldest, and its number over all.
        var head = 0
        var base = 0
        var posted = 0
        var isEnding = false
        var result = Result()

        var unprinted: Int { slots.count - head }
    }
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    private let room: DispatchSemaphore
    private let ended = DispatchSemaphore(value: 0)
    private let json: Bool

    /// - Parameter capacity: messages handed over and not printed, at most.
    init(json: Bool, capacity: Int = 16_384) {
        self.json = json
        // Counted up from 0: a semaphore that ends below what it began with is taken for a bug.
        room = DispatchSemaphore(value: 0)
        for _ in 0..<capacity { room.signal() }
        startThread()
    }

    /// A place in the order; waits while too many are not printed yet. Nil when printing or a message failed.
    func reserve() -> Int? {
        room.wait()
        return state.withLock { state in
            guard state.result.firstFailure == nil, state.result.outputFailure == nil else { return nil }
            state.slots.append(nil)
            state.posted += 1
            return state.posted - 1
        }
    }

    /// Fills a place. Called on the broker's thread: short.
    func complete(_ number: Int, _ outcome: Swift.Result<SendReceipt, APIError>) {
        let isNext = state.withLock { state in
            state.slots[state.head + number - state.base] = outcome
            if case .failure(let error) = outcome, state.result.firstFailure == nil {
                state.result.firstFailure = (number + 1, error)
            }
            return number == state.base
        }
        if isNext { work.signal() }
    }

    /// Prints what is left and says how it went. Every reserved place must have been filled.
    func finish() -> Result {
        state.withLock { $0.isEnding = true }
        work.signal()
        ended.wait()
        return state.withLock { $0.result }
    }

    private func startThread() {
        let thread = DispatchQueue(label: "receipts", qos: .userInitiated)
        thread.async { [self] in
            var output = Output()
            while true {
                let (ready, isLast) = take()
                for receipt in ready.receipts { output.write(receipt, .stored, json: json) }
                if ready.count > 0 { print(&output, ready) }
                if isLast { break }
                if ready.count == 0 { work.wait() }
            }
            ended.signal()
        }
    }

    /// The outcomes at the head that are known.
    private func take() -> (ready: (receipts: [SendReceipt], count: Int), isLast: Bool) {
        state.withLock { state in
            var receipts: [SendReceipt] = []
            var count = 0
            while state.head < state.slots.count, count < 1024, let outcome = state.slots[state.head] {
                if case .success(let receipt) = outcome { receipts.append(receipt) }
                state.slots[state.head] = nil
                state.head += 1
                count += 1
            }
            state.base += count
            if state.head > 4096 {
                state.slots.removeFirst(state.head)
                state.head = 0
            }
            return ((receipts, count), state.isEnding && state.unprinted == 0 && count == 0)
        }
    }

    private func print(_ output: inout Output, _ ready: (receipts: [SendReceipt], count: Int)) {
        do throws(CommandFailure) {
            if state.withLock({ $0.result.outputFailure == nil }) { try output.flush() }
        } catch {
            state.withLock { $0.result.outputFailure = error }
        }
        state.withLock { $0.result.acknowledged += ready.receipts.count }
        for _ in 0..<ready.count { room.signal() }
    }
}
