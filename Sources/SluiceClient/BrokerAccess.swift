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
    public let connection: any Connection
    public let admin: any Admin
    private let end: @Sendable () -> Void

    /// Name of the socket in a data folder.
    public static let socketName = "socket"

    /// - Parameter follows: attaches anew to whichever process owns the folder after this one, for who asks and acts.
    ///   Consumers and producers that are asked about transactions have to see the end of their broker, and do without.
    /// - Throws: `.unreachable` when no process listens there.
    public init(dataFolder: String, follows: Bool = false) throws(APIError) {
        let socket = try SocketConnection(path: dataFolder + "/" + Self.socketName)
        if follows {
            let following = FollowingConnection(dataFolder: dataFolder, socket)
            connection = following
            end = { following.close() }
        } else {
            connection = socket
            end = { socket.close() }
        }
        admin = ConnectionAdmin(connection)
    }

    public func close() { end() }
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
