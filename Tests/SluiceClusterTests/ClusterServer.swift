import Foundation
import Glibc
import Logging
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceCluster
import SluiceMessage
import SluiceServer
import Synchronization
import Testing

/// A server in this process, on a port that it keeps over restarts.
final class ClusterServer: Sendable {
    struct Setting: Sendable {
        var name = "broker-a"
        var isCompatible = false
        /// Text of an access file; nil lets everybody in.
        var accounts: String?
        /// `host:port` of a name server elsewhere.
        var registerWith: String?
        var levels = DelayLevels.standard
        var tls: TLSOptions?
    }

    let port: Int
    let setting: Setting
    private let folder = FileManager.default.temporaryDirectory.path + "/sluice-net-" + UUID().uuidString
    private let running = Mutex<(EmbeddedBroker, Server)?>(nil)

    var address: String { "127.0.0.1:\(port)" }

    static func start(_ setting: Setting = Setting()) async throws -> ClusterServer {
        let server = ClusterServer(setting, port: try FreePort.next())
        try await server.start()
        return server
    }

    private init(_ setting: Setting, port: Int) {
        self.setting = setting
        self.port = port
    }

    func start() async throws {
        var options = ServerOptions()
        options.listen = SocketPlace(host: "127.0.0.1", port: port)
        options.nameServer = options.listen
        options.advertised = address
        options.brokerName = setting.name
        options.dataFolder = folder
        options.durability = .async
        options.levels = setting.levels
        options.isCompatible = setting.isCompatible
        if let tls = setting.tls { options.tls = tls }
        if let other = setting.registerWith.flatMap({ SocketPlace($0) }) { options.registerWith = [other] }
        if let accounts = setting.accounts {
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
            running.withLock { $0 = (embedded, server) }
        } catch {
            embedded.close()
            throw error
        }
    }

    private static let logger = Logger(label: "cluster") { _ in SwiftLogNoOpLogHandler() }

    func stop() async {
        guard let (embedded, server) = running.withLock({ $0.take() }) else { return }
        await server.stop()
        embedded.close()
    }

    func remove() {
        for path in [folder, folder + ".toml"] { try? FileManager.default.removeItem(atPath: path) }
    }
}

/// Ports of this suite's own range that nobody listens on.
enum FreePort {
    private static let counter = Atomic<Int>(Int.random(in: 0..<900))

    static func next() throws -> Int {
        for _ in 0..<999 {
            // A broker has the port two below its own as well.
            let port = 21_002 + counter.wrappingAdd(1, ordering: .relaxed).newValue * 4 % 996
            if isFree(port), isFree(port - 2) { return port }
        }
        throw APIError(.failed, "no free port")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Runs servers and a connection to the first of them, and ends them all. The body may block.
func withCluster(
    _ settings: [ClusterServer.Setting] = [.init()], credentials: Credentials? = nil,
    _ body: @escaping @Sendable (ClusterConnection, [ClusterServer]) async throws -> Void
) async throws {
    var servers: [ClusterServer] = []
    for var setting in settings {
        if let first = servers.first { setting.registerWith = first.address }
        servers.append(try await ClusterServer.start(setting))
    }
    let all = servers
    do {
        try await withTaskExecutorPreference(OwnThread()) {
            var options = NetworkOptions(nameServers: [all[0].address])
            options.credentials = credentials
            options.backoff.mostMilliseconds = 500
            try await eventually("all brokers are known") { () async throws -> Bool in
                let network = try ClusterNetwork(options)
                defer { network.close() }
                return try await network.brokers(refresh: true).count == all.count
            }
            let connection = try await ClusterConnection.open(options)
            defer { connection.close() }
            try await body(connection, all)
        }
    } catch {
        Issue.record(error)
    }
    for server in all {
        await server.stop()
        server.remove()
    }
}

/// Waits until a condition holds; a failure after 20 s.
func eventually(
    _ what: String, seconds: Double = 20, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw APIError(.failed, "waited in vain: \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs what a test waits for on threads of its own: the pool of tasks belongs to the servers.
final class OwnThread: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }.start()
    }
}

/// What consumers got, for tests to look at.
final class Inbox: Sendable {
    private let messages = Mutex<[StoredMessage]>([])
    var all: [StoredMessage] { messages.withLock { $0 } }
    var texts: [String] { all.map { String(decoding: $0.body, as: UTF8.self) } }
    func add(_ new: [StoredMessage]) { messages.withLock { $0 += new } }
}
