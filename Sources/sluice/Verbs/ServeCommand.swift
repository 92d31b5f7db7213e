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
            drain, flush and checkpoint, a second signal ends at once; HUP reads accounts, certificates and log level \
            again. The log goes to stderr.
            """)
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var serving: ServeOptions
    @Flag(help: "Print the configuration file with every setting and its default, and end.") var printConfig = false

    func run() throws {
        if printConfig {
            var output = Output()
            output.write(ConfigFile.printed)
            return try output.flush()
        }
        let settings = try serving.settings()
        let folder = try broker.dataFolder
        raiseDescriptorLimit()
        let signals = SignalWatch.start()
        let log = ServerLog(level: settings.logLevel)
        let options = try settings.serverOptions(folder: folder, durability: broker.durability)
        let embedded: EmbeddedBroker
        do throws(APIError) {
            embedded = try EmbeddedBroker.open(settings.embedded(options))
        } catch {
            throw error.code == .conflict || error.code == .invalid
                ? CommandFailure(.refused, error.message) : CommandFailure(error)
        }
        defer { embedded.close() }
        let server = try blocking { try await Server.start(embedded.host, options, logger: log.logger) }
        let metrics = try settings.metrics.map { place in
            try blocking { try await server.serveMetrics(at: place) }
        }
        let status = try blocking { try await embedded.admin.broker() }
        log.logger.info("\(status.recovery)")
        log.logger.info("serving \(describe(server, options)), metrics on \(metrics.map(String.init) ?? "no port")")
        signals.onHangup { reload(server, options, log) }
        signals.waitForEnd()
        log.logger.info("stopping: what was taken is answered, then the log is flushed")
        try blocking { await server.stop() }
    }

    private func describe(_ server: Server, _ options: ServerOptions) -> String {
        "brokers' requests on \(options.listen.host):\(server.brokerPort), name servers' on port "
            + "\(server.nameServerPort.map(String.init) ?? "none"), as \(options.advertised), "
            + "\(options.durability.rawValue), TLS \(options.tls.mode.rawValue), "
            + (options.access.path.map { "accounts of \($0)" } ?? "no accounts")
    }

    /// What can be read again is; what cannot be used stays as it was, and the log says so.
    private func reload(_ server: Server, _ options: ServerOptions, _ log: ServerLog) {
        do {
            let fresh = try serving.settings()
            log.setLevel(fresh.logLevel)
            try options.access.reload()
            try server.reloadCertificates(fresh.server.tls)
            log.logger.notice("accounts, certificates and log level were read again")
        } catch {
            log.logger.error("what was read again cannot be used, and what was in force stays: \(error)")
        }
    }
}

/// Lets the process hold as many connections as the system permits it.
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
