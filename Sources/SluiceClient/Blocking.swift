import Dispatch
import SluiceAPI
import Synchronization

/// Runs asynchronous work to its end. For the main thread and threads of our own only, which may block, while Swift's pool,
/// with a thread a core, must never wait.
package func blocking<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
    let box = ResultBox<T>()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        do { box.set(.success(try await work())) } catch { box.set(.failure(error)) }
        done.signal()
    }
    done.wait()
    return try box.get()
}

/// Carries one result from a task to the thread that waits for it.
private final class ResultBox<T: Sendable>: Sendable {
    private let result = Mutex<Result<T, any Error>?>(nil)

    func set(_ value: Result<T, any Error>) { result.withLock { $0 = value } }

    func get() throws -> T {
        guard let result = result.withLock({ $0 }) else { throw APIError(.failed, "The work ended without a result.") }
        return try result.get()
    }
}
