import ArgumentParser
import Glibc
import Logging
import SluiceAPI
import SluiceClient
import SluiceServer

/// `sluice serve`
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve RocketMQ's remoting protocol: broker and name server in one process.",
        discussion: """
            Unmodified RocketMQ clients of 4.x and 5.x that speak remoting connect to it, and mqadmin. TERM and INT \
            drain, flush and checkpoint; a second signal ends at once. The log goes to stderr.
            """)
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var serving: ServeOptions

    func run() throws {
        let folder = try broker.dataFolder
        raiseDescriptorLimit()
        let signals = SignalWatch.start()
        let logger = serving.logger
        let options = try serving.serverOptions(folder: folder, durability: broker.durability)
        let embedded = try openBroker(serving.embedded(options))
        defer { embedded.close() }
        let server = try blocking { try await Server.start(embedded.host, options, logger: logger) }
        let status = try blocking { try await embedded.admin.broker() }
        logger.info("\(status.recovery)")
        logger.info(
            "serving brokers' requests on \(options.listen.host):\(server.brokerPort), name server's on port \(server.nameServerPort.map(String.init) ?? "–"), as \(options.advertised), \(broker.durability.rawValue)"
        )
        signals.waitForEnd()
        logger.info("stopping: connections are drained, then the log is flushed")
        try blocking { await server.stop() }
    }
}

/// Lets the process hold as many connections as the system permits it.
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
