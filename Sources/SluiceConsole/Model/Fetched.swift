import SluiceAPI

/// A value as last answered, with its time; an error does not take the last value away.
struct Fetched<Value: Sendable>: Sendable {
    private(set) var value: Value?
    /// Epoch ms of the last good answer.
    private(set) var time: Int64?
    /// Why the newest answer was not good.
    private(set) var error: APIError?

    mutating func take(_ newValue: Value, at now: Int64) {
        value = newValue
        time = now
        error = nil
    }
    mutating func fail(_ newError: APIError) { error = newError }

    /// Age in ms when it is older than it may be.
    func staleAge(now: Int64, limit: Int64) -> Int64? {
        guard let time, now - time > limit else { return nil }
        return now - time
    }
}
