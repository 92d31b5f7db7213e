import Glibc
import Logging
import SluiceAPI
import SluiceClient
import SluiceServer

/// Opens the broker of a data folder, or attaches to the process that owns it. A folder that is not ours is refused.
/// - Parameter follows: as ``AttachedBroker/init(dataFolder:follows:)`` has it.
func openBroker(_ options: EmbeddedOptions, follows: Bool = false) throws(CommandFailure) -> any BrokerAccess {
    try untilOwnerIsThere { () throws(APIError) -> any BrokerAccess in
        do throws(APIError) {
            return OwnedBroker(try EmbeddedBroker.open(options), folder: options.dataFolder)
        } catch {
            if error.code == .conflict, let attached = attach(options.dataFolder, follows: follows) { return attached }
            throw error
        }
    }
}

/// How long the owner of a folder may take from its lock to its socket, or from there to its end: 2 s.
let ownersPatience = Duration.seconds(2)

/// Opens, and tries again while a process has the folder that is about to start or to end: it listens on no socket then.
private func untilOwnerIsThere<Opened>(
    _ open: () throws(APIError) -> Opened
) throws(CommandFailure) -> Opened {
    let deadline = ContinuousClock.now + ownersPatience
    while true {
        do throws(APIError) {
            return try open()
        } catch {
            switch error.code {
            case .conflict where ContinuousClock.now < deadline: usleep(20_000)
            case .conflict, .invalid: throw CommandFailure(.refused, error.message)
            default: throw CommandFailure(error)
            }
        }
    }
}

/// Opens a folder that nobody owns to look into it, beside others that do: it stays as it is. Becomes its owner where it
/// cannot be read before it is mended.
func openBrokerToRead(_ options: EmbeddedOptions) throws(CommandFailure) -> any BrokerAccess {
    var reading = options
    reading.isReadOnly = true
    let opened = try untilOwnerIsThere { () throws(APIError) -> (any BrokerAccess)? in
        do throws(APIError) {
            return ReadingBroker(try EmbeddedBroker.open(reading))
        } catch {
            if error.code == .conflict, let attached = attach(options.dataFolder) { return attached }
            guard error.code == .unavailable else { throw error }
            writeToStandardError("sluice: \(error.message); doing that.\n")
            return nil
        }
    }
    if let opened { return opened }
    return try openBroker(options)
}

/// A folder as it lies there.
private final class ReadingBroker: BrokerAccess {
    private let broker: EmbeddedBroker

    init(_ broker: EmbeddedBroker) { self.broker = broker }

    var connection: any Connection { broker.connection }
    var admin: any Admin { broker.admin }
    func close() { broker.close() }
}

/// Nil when the owner listens on no socket: it is about to start or to end.
private func attach(_ folder: String, follows: Bool = false) -> AttachedBroker? {
    do throws(APIError) {
        return try AttachedBroker(dataFolder: folder, follows: follows)
    } catch {
        return nil
    }
}

/// A broker of this process that lets other processes in through the socket of its folder.
private final class OwnedBroker: BrokerAccess {
    private let broker: EmbeddedBroker
    /// Nil where the socket could not be made: the folder is used by one process then.
    private let server: Server?

    init(_ broker: EmbeddedBroker, folder: String) {
        self.broker = broker
        var options = ServerOptions()
        options.dataFolder = folder
        var logger = Logger(label: "sluice") { StreamLogHandler.standardError(label: $0) }
        // Nothing is ever logged onto a console's screen.
        logger.logLevel = .critical
        let (host, local, quiet) = (broker.host, options, logger)
        server = try? blocking { try await Server.startLocal(host, local, logger: quiet) }
    }

    var connection: any Connection { broker.connection }
    var admin: any Admin { broker.admin }

    func close() {
        if let server { try? blocking { await server.stop() } }
        broker.close()
    }
}

/// A broker of this process that RocketMQ's clients reach too: broker and console in one command.
final class ServingBroker: BrokerAccess {
    private let broker: EmbeddedBroker
    private let server: Server

    init(_ settings: ServeSettings, _ options: ServerOptions) throws {
        raiseDescriptorLimit()
        do throws(APIError) {
            broker = try EmbeddedBroker.open(settings.embedded(options))
        } catch {
            throw error.code == .conflict ? CommandFailure(.refused, error.message) : CommandFailure(error)
        }
        var logger = Logger(label: "sluice") { StreamLogHandler.standardError(label: $0) }
        // Nothing is ever logged onto a console's screen.
        logger.logLevel = .critical
        let (host, quiet) = (broker.host, logger)
        do {
            server = try blocking { try await Server.start(host, options, logger: quiet) }
        } catch {
            broker.close()
            throw error
        }
    }

    var connection: any Connection { broker.connection }
    var admin: any Admin { broker.admin }

    func close() {
        try? blocking { [server] in await server.stop() }
        broker.close()
    }
}
