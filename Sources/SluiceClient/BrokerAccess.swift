import SluiceAPI
import SluiceMessage

/// A broker to work with: in this process, or in the one that owns the data folder.
public protocol BrokerAccess: Sendable {
    /// What clients connect through.
    var connection: any Connection { get }
    var admin: any Admin { get }
    /// Lets go of it; a broker in this process is closed. Blocks until done; a second call does nothing.
    func close()
}

extension EmbeddedBroker: BrokerAccess {}

/// The broker of another process, reached through the socket in its data folder.
public final class AttachedBroker: BrokerAccess {
    private let socket: SocketConnection
    public let admin: any Admin
    public var connection: any Connection { socket }

    /// Name of the socket in a data folder.
    public static let socketName = "socket"

    /// - Throws: `.unreachable` when no process listens there.
    public init(dataFolder: String) throws(APIError) {
        socket = try SocketConnection(path: dataFolder + "/" + Self.socketName)
        admin = ConnectionAdmin(socket)
    }

    public func close() { socket.close() }
}

/// ``Admin`` over any connection.
public func connectionAdmin(_ connection: any Connection) -> any Admin { ConnectionAdmin(connection) }

extension Connection {
    /// The queues of a topic that can be read, by broker and number.
    public func readQueues(of topic: String) async throws(APIError) -> [QueueID] {
        let result = await withCheckedContinuation { continuation in
            readQueues(of: topic) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}
