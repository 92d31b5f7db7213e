import Glibc
import SluiceAPI
import SluiceMessage
import SluiceRemoting
import Synchronization

/// The name server's tables: brokers that registered here, topics on them, and the KV configuration (requests, 5). The
/// broker of this process is not in them; it answers for itself.
final class NameServer: Sendable {
    struct Broker: Sendable {
        var cluster: String
        /// By broker id; 0 is the master.
        var addresses: [Int64: String] = [:]
        var topics: [String: TopicConfig] = [:]
        var dataVersion: JSONValue = .null
        /// By address, epoch ms of the last sign of life.
        var lastSeen: [String: Int64] = [:]
    }

    struct State: Sendable {
        var brokers: [String: Broker] = [:]
        var kv: [String: [String: String]] = [:]
        var config: [String: String] = ["orderMessageEnable": "false", "clusterTest": "false"]
        /// Brokers whose write permission was wiped from routes, this process's among them.
        var wiped: Set<String> = []
    }

    /// Brokers that said nothing for so long are dropped (semantics, 10).
    static let expiry: Int64 = 120_000
    private let state: Mutex<State>
    private let file: NameServerFile

    init(_ options: ServerOptions) {
        file = NameServerFile(folder: options.dataFolder)
        var state = State()
        if let kept = file.load() {
            state.kv = kept.kv
            state.config.merge(kept.config) { $1 }
        }
        self.state = Mutex(state)
    }

    var current: State { state.withLock { $0 } }

    func change<T: Sendable>(_ body: (inout State) -> T) -> T {
        let (result, changed) = state.withLock { state in
            let before = (state.kv, state.config)
            let result = body(&state)
            return (result, before.0 != state.kv || before.1 != state.config ? state : nil)
        }
        if let changed { file.save(changed) }
        return result
    }

    func expire(now: Int64) {
        state.withLock { state in
            for (name, broker) in state.brokers {
                for (id, address) in broker.addresses where now - (broker.lastSeen[address] ?? 0) > Self.expiry {
                    state.brokers[name]?.addresses[id] = nil
                }
                if state.brokers[name]?.addresses.isEmpty == true { state.brokers[name] = nil }
            }
        }
    }
}

/// Where KV entries and configuration outlive a restart: a small JSON file in the data folder.
struct NameServerFile {
    private let path: String

    init(folder: String) { path = folder + "/nameserver.json" }

    func load() -> (kv: [String: [String: String]], config: [String: String])? {
        guard let bytes = Self.read(path), let value = try? JSONParser.parse(bytes) else { return nil }
        var kv: [String: [String: String]] = [:]
        for pair in value["kv"]?.pairs ?? [] {
            guard let namespace = pair.key.text else { continue }
            kv[namespace] = Self.texts(pair.value)
        }
        return (kv, Self.texts(value["config"] ?? .null))
    }

    private static func texts(_ value: JSONValue) -> [String: String] {
        var texts: [String: String] = [:]
        for pair in value.pairs { if let key = pair.key.text { texts[key] = pair.value.text } }
        return texts
    }

    func save(_ state: NameServer.State) {
        let kv = state.kv.sorted { $0.key < $1.key }.map {
            JSONValue.Pair(.string($0.key), .table($0.value.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        }
        let config = state.config.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let bytes = JSONValue.fields(["config": .table(config), "kv": .object(kv)]).encoded()
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        fdatasync(descriptor)
        close(descriptor)
        if written == bytes.count { rename(path + ".new", path) }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < 16 << 20 {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}
