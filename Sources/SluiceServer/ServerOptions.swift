import SluiceAPI
import SluiceBroker
import SluiceMessage
import Synchronization

/// Where and as what a broker serves.
public struct ServerOptions: Sendable {
    /// Addresses to listen on for broker requests, `host:port`.
    public var listen = SocketPlace(host: "127.0.0.1", port: 10_911)
    /// For name server requests; nil leaves that role away. The two may be the same.
    public var nameServer: SocketPlace? = SocketPlace(host: "127.0.0.1", port: 9_876)
    /// What routes and message ids say: `a.b.c.d:port`.
    public var advertised = "127.0.0.1:10911"
    public var brokerName = "sluice"
    public var cluster = "DefaultCluster"
    public var dataFolder = ""
    public var autoCreateTopics = true
    public var durability = Durability.sync
    public var levels = DelayLevels.standard
    public var tls = TLSOptions()
    public var limits = ServerLimits()
    public var access = AccessControl()
    /// True behaves like a stock broker of 4.9 in what consoles rely on: no extensions (remoting frame, 11).
    public var isCompatible = false
    /// Name servers elsewhere to register with, `host:port`.
    public var registerWith: [SocketPlace] = []
    /// What was changed while it runs, told by GET_BROKER_CONFIG.
    let changed = ChangedOptions()

    public init() {}

    /// Topics that a RocketMQ broker always has (semantics, 1).
    var presetTopics: [TopicConfig] {
        func topic(_ name: String, _ queues: Int, _ permission: TopicPermission = [.read, .write]) -> TopicConfig {
            TopicConfig(name: name, readQueues: queues, writeQueues: queues, permission: permission)
        }
        let all: TopicPermission = [.read, .write, .inherit]
        return [
            topic("SELF_TEST_TOPIC", 1), topic("BenchmarkTest", 1_024), topic(cluster, 16, all),
            topic(brokerName, 1, all), topic("OFFSET_MOVED_EVENT", 1),
            topic(TopicName.schedule, levels.milliseconds.count), topic(cluster + "_REPLY_TOPIC", 1),
            topic("RMQ_SYS_TRACE_TOPIC", 1), topic(TopicName.half, 1),
        ]
    }

    /// The configuration as GET_BROKER_CONFIG tells it, by RocketMQ's names.
    var properties: [(String, String)] {
        let parts = advertised.split(separator: ":")
        let fixed: [(String, String)] = [
            ("autoCreateSubscriptionGroup", "true"), ("autoCreateTopicEnable", String(autoCreateTopics)),
            ("brokerClusterName", cluster), ("brokerIP1", parts.first.map(String.init) ?? ""), ("brokerId", "0"),
            ("brokerName", brokerName), ("brokerPermission", "6"), ("brokerRole", "ASYNC_MASTER"),
            ("defaultTopicQueueNums", String(Broker.templateQueues)), ("deleteWhen", "04"),
            ("diskMaxUsedSpaceRatio", "75"), ("enablePropertyFilter", "true"), ("fileReservedTime", "72"),
            ("flushDiskType", durability == .sync ? "SYNC_FLUSH" : "ASYNC_FLUSH"), ("listenPort", String(listen.port)),
            ("maxMessageSize", String(Limits.maxBodyBytes)), ("messageDelayLevel", levels.text),
            ("messageIndexEnable", "true"), ("namesrvAddr", nameServer?.text ?? ""),
            ("rejectTransactionMessage", "false"),
            ("storePathRootDir", dataFolder), ("traceTopicEnable", "true"), ("transactionCheckInterval", "60000"),
            ("transactionCheckMax", "15"), ("transactionTimeOut", "6000"),
        ]
        let changes = changed.all
        let known = Set(fixed.map(\.0))
        return fixed.map { ($0.0, changes[$0.0] ?? $0.1) }
            + changes.filter { !known.contains($0.key) }.map { ($0.key, $0.value) }
    }
}

/// A host and port.
public struct SocketPlace: Sendable, Hashable {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, `[v6]:port`; nil when it is neither.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    public var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    /// Only reachable from this machine.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// How TLS is served on the port that plain frames use too: the first byte of a connection tells (remoting frame, 7).
public struct TLSOptions: Sendable {
    public enum Mode: String, Sendable, CaseIterable {
        /// A TLS hello closes the connection.
        case disabled
        /// Both.
        case permissive
        /// Plain frames close the connection.
        case enforcing
    }
    public var mode = Mode.disabled
    /// PEM files.
    public var certificate = ""
    public var key = ""
    /// Certificates that clients must be signed by; empty asks for none.
    public var clientCA = ""
    public init() {}
}

/// Options changed by UPDATE_BROKER_CONFIG.
final class ChangedOptions: Sendable {
    private let values = Mutex<[String: String]>([:])
    var all: [String: String] { values.withLock { $0 } }
    func set(_ name: String, _ value: String) { values.withLock { $0[name] = value } }
}
