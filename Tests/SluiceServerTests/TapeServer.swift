import Foundation
import Glibc
import Logging
import SluiceAPI
import SluiceClient
import SluiceServer
import Testing

@testable import SluiceBroker

/// A server in this process on ports and in a folder of its own, by the names that brokers have on the tapes.
final class TapeServer: Sendable {
    let port: Int
    let nameServerPort: Int
    let options: ServerOptions
    private let embedded: EmbeddedBroker
    private let server: Server

    /// What differs from one server to the next.
    struct Setting: Sendable {
        var brokerName = "broker-a"
        var levels = DelayLevels.standard
        /// Text of an access file; nil lets everybody in.
        var accounts: String?
        /// Behaves like a stock broker of 4.9.
        var isCompatible = false
    }

    static func start(_ setting: Setting = Setting()) async throws -> TapeServer {
        // Somebody else may take a port between its choice and its use.
        var failure = APIError(.refused, "no free port")
        for _ in 0..<20 {
            do {
                return try await TapeServer(setting, port: try FreePort.pair())
            } catch let error as APIError where error.code == .refused {
                failure = error
            }
        }
        throw failure
    }

    private init(_ setting: Setting, port: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sluice-tape-" + UUID().uuidString
        var options = ServerOptions()
        options.listen = SocketPlace(host: "127.0.0.1", port: port)
        options.nameServer = SocketPlace(host: "127.0.0.1", port: 0)
        options.advertised = "127.0.0.1:\(port)"
        options.brokerName = setting.brokerName
        options.dataFolder = folder
        options.durability = .async
        options.levels = setting.levels
        options.isCompatible = setting.isCompatible
        if let accounts = setting.accounts {
            // Beside the data folder, which is to be ours alone.
            try accounts.write(toFile: folder + ".toml", atomically: true, encoding: .utf8)
            options.access = try AccessControl(path: folder + ".toml")
        }
        var embedding = EmbeddedOptions(dataFolder: folder, durability: .async, segmentBytes: 8 << 20)
        embedding.brokerName = options.brokerName
        embedding.advertised = options.advertised
        embedding.levels = options.levels
        embedding.isCompatible = options.isCompatible
        let embedded = try EmbeddedBroker.open(embedding)
        do {
            let server = try await Server.start(embedded.host, options, logger: Self.logger)
            nameServerPort = server.nameServerPort ?? 0
            self.server = server
        } catch {
            embedded.close()
            throw error
        }
        self.port = port
        self.options = options
        self.embedded = embedded
    }

    private static let logger = Logger(label: "tapes") { _ in SwiftLogNoOpLogHandler() }

    func stop() async {
        await server.stop()
        embedded.close()
        for path in [options.dataFolder, options.dataFolder + ".toml"] {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Where a peer of a tape is found here.
    func port(of peer: String) -> Int {
        peer == "namesrv" ? nameServerPort : peer.hasSuffix("-vip") ? port - 2 : port
    }
}

/// Ports that nobody listens on.
enum FreePort {
    /// One whose neighbour two below is free too: there old clients look for the fast port.
    static func pair() throws -> Int {
        for _ in 0..<100 {
            if let port = bind(0), port > 1_026, bind(port - 2) != nil { return port }
        }
        throw APIError(.failed, "no two free ports")
    }

    /// The port that a socket got, which is given back at once; nil when it is taken.
    private static func bind(_ port: Int) -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_in(loopback: port)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                guard Glibc.bind(descriptor, raw, size) == 0, getsockname(descriptor, raw, &size) == 0 else {
                    return nil
                }
                return pointer.pointee.port
            }
        }
    }
}

extension sockaddr_in {
    init(loopback port: Int) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_port = in_port_t(UInt16(port)).bigEndian
        sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    }

    fileprivate var port: Int { Int(UInt16(bigEndian: sin_port)) }
}

extension TapeServer {
    /// Starts a server, has the body talk to it and block as it likes, and stops it. What is thrown is recorded.
    static func run(
        _ setting: Setting = Setting(), _ body: @escaping @Sendable (TapeServer) throws -> Void
    ) async throws {
        let server = try await start(setting)
        do {
            try await withTaskExecutorPreference(OwnThread()) { try body(server) }
        } catch {
            Issue.record(error)
        }
        await server.stop()
    }
}

/// Runs what a test waits for on threads of its own: the pool of tasks belongs to the server, which has to go on meanwhile.
private final class OwnThread: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }.start()
    }
}
