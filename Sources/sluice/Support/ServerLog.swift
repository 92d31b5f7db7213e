import Logging
import Synchronization

/// The server's log on stderr, whose level can change while it runs.
final class ServerLog: Sendable {
    private let level: LevelBox
    let logger: Logger

    /// - Parameter level: one of swift-log's, by name.
    init(level: String) {
        let box = LevelBox(Logger.Level(rawValue: level) ?? .info)
        self.level = box
        logger = Logger(label: "sluice") { label in
            Handler(level: box, inner: StreamLogHandler.standardError(label: label))
        }
    }

    func setLevel(_ name: String) { if let level = Logger.Level(rawValue: name) { self.level.set(level) } }

    final class LevelBox: Sendable {
        private let value: Mutex<Logger.Level>
        init(_ level: Logger.Level) { value = Mutex(level) }
        var current: Logger.Level { value.withLock { $0 } }
        func set(_ level: Logger.Level) { value.withLock { $0 = level } }
    }

    /// Copies of a logger share the level.
    private struct Handler: LogHandler {
        let level: LevelBox
        var inner: StreamLogHandler

        var logLevel: Logger.Level {
            get { level.current }
            set { level.set(newValue) }
        }
        var metadata: Logger.Metadata {
            get { inner.metadata }
            set { inner.metadata = newValue }
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { inner[metadataKey: key] }
            set { inner[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) { inner.log(event: event) }
    }
}
