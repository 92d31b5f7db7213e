import Foundation
import Glibc
import SluiceAPI
import SluiceClient
import Synchronization

/// A broker in a process of its own, on a data folder, that may be killed and started again.
public final class BrokerProcess: Sendable {
    public let executable: String
    public let dataFolder: String
    private let durability: Durability
    /// Of the loopback address, where it serves over the network; it keeps it over restarts. Nil serves the folder's socket
    /// only.
    public let port: Int?
    private let levels: String?
    private let process = Mutex<PartProcess?>(nil)

    /// Starts it.
    ///
    /// - Parameters:
    ///   - levels: delay levels in place of RocketMQ's.
    ///   - serves: over the network too.
    public init(
        executable: String, dataFolder: String, durability: Durability, levels: String? = nil, serves: Bool = false
    ) throws {
        self.levels = levels
        port = serves ? try Self.freePort() : nil
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
            arguments: ["demo-part", "broker", durability.rawValue, dataFolder, "--", String(port ?? 0)]
                + (levels.map { [$0] } ?? []),
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

    /// A port that nobody listens on, and the one two below it, which a broker has too. Not one of those that the system
    /// hands out: while the broker is away, a client that tries to reach it could be given that very port.
    static func freePort() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: 11_500..<16_000) * 2
            if isFree(port), isFree(port - 2) { return port }
        }
        throw APIError(.failed, "There is no free port between 23000 and 32000 for the broker's process.")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// A new way in over the folder's socket; the caller closes it.
    public func attach() throws(APIError) -> any BrokerAccess { try AttachedBroker(dataFolder: dataFolder) }

    public func kill() { process.withLock { $0 }?.kill() }
    /// Lets it end in order.
    public func stop() { process.withLock { $0 }?.stop() }
}
