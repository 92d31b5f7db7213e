import SluiceAPI
import SluiceBroker

extension EmbeddedOptions {
    /// Sets the delay levels, and with them the pauses between retries.
    ///
    /// - Parameter text: as RocketMQ's messageDelayLevel: `1s 5s 10s 30s 1m …`.
    public mutating func setLevels(_ text: String) throws(APIError) {
        guard let levels = DelayLevels(text) else {
            throw APIError(.invalid, "'\(text)' are no delay levels; they are written as '1s 5s 10s 30s 1m'.")
        }
        self.levels = levels
    }
}
