import NIOCore
import SluiceRemoting

/// All connections, and what they may hold of memory together. Confined to the event loop.
final class ConnectionTable {
    private var byNumber: [Int: RemotingConnection] = [:]
    private var nextNumber = 0
    /// Bytes of answers that peers have not taken, over all connections.
    var unsent = 0
    private let limits: ServerLimits
    private let heldNow = HeldBytes()

    init(_ limits: ServerLimits) { self.limits = limits }

    var count: Int { byNumber.count }
    var all: some Sequence<RemotingConnection> { byNumber.values }

    func makeNumber() -> Int {
        nextNumber += 1
        return nextNumber
    }

    func add(_ connection: RemotingConnection) { byNumber[connection.number] = connection }

    func remove(_ connection: RemotingConnection) {
        byNumber[connection.number] = nil
        heldNow.set(connection.number, 0)
    }

    /// Closes a connection that holds too much, or the one that holds most when all together do.
    func check(_ connection: RemotingConnection) {
        let held = connection.heldBytes
        heldNow.set(connection.number, held)
        if held > limits.heldBytesPerConnection {
            connection.close("holds \(held) bytes of incomplete frames and answers it does not take")
        } else if heldNow.total > limits.heldBytes {
            guard let worst = byNumber.values.max(by: { $0.heldBytes < $1.heldBytes }) else { return }
            worst.close(
                "holds \(worst.heldBytes) bytes of the \(heldNow.total) that all connections hold, over the limit")
            heldNow.set(worst.number, 0)
        }
    }
}

/// Bytes held by connection, with their sum kept.
private final class HeldBytes {
    private var byNumber: [Int: Int] = [:]
    private(set) var total = 0

    func set(_ number: Int, _ bytes: Int) {
        let before = bytes == 0 ? byNumber.removeValue(forKey: number) : byNumber.updateValue(bytes, forKey: number)
        total += bytes - (before ?? 0)
    }
}

/// What peers may make a server hold.
public struct ServerLimits: Sendable {
    /// Bytes of incomplete frames and of answers not taken, over all connections.
    public var heldBytes = 256 << 20
    /// The same for one connection.
    public var heldBytesPerConnection = 32 << 20
    /// Seconds without a byte either way before a connection is closed (RocketMQ: 120).
    public var idleSeconds: Int64 = 120
    /// Seconds without a heartbeat before a client is taken for gone (RocketMQ: 120).
    public var heartbeatSeconds: Int64 = 120
    public init() {}
}
