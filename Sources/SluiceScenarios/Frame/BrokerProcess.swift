import Foundation
import SluiceAPI
import SluiceClient
import Synchronization

/// A broker in a process of its own, on a data folder, that may be killed and started again.
public final class BrokerProcess: Sendable {
    public let executable: String
    public let dataFolder: String
    private let durability: Durability
    private let levels: String?
    private let process = Mutex<PartProcess?>(nil)

    /// Starts it.
    ///
    /// - Parameter levels: delay levels in place of RocketMQ's.
    public init(executable: String, dataFolder: String, durability: Durability, levels: String? = nil) throws {
        self.levels = levels
        self.executable = executable
        self.dataFolder = dataFolder
        self.durability = durability
        try start()
    }

    /// Starts it and waits until it takes clients.
    func start() throws {
        let ready = DispatchSemaphore(value: 0)
        let new = try PartProcess(
            executable: executable,
            arguments: ["demo-part", "broker", durability.rawValue, dataFolder, dataFolder]
                + (levels.map { ["--", $0] } ?? []),
            log: dataFolder + ".log", onLine: { if $0 == "ready" { ready.signal() } })
        process.withLock { $0 = new }
        let deadline = monotonicSeconds() + 20
        while ready.wait(timeout: .now() + 0.2) == .timedOut {
            guard monotonicSeconds() < deadline, new.isRunning else {
                new.kill()
                throw APIError(.unreachable, "The broker's process did not start; \(dataFolder).log says why.")
            }
        }
    }

    /// A new way in; the caller closes it.
    public func attach() throws(APIError) -> any BrokerAccess { try AttachedBroker(dataFolder: dataFolder) }

    public func kill() { process.withLock { $0 }?.kill() }
    /// Lets it end in order.
    public func stop() { process.withLock { $0 }?.stop() }
}
