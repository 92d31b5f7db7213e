import ArgumentParser
import Glibc
import SluiceAPI
import SluiceClient

extension Durability: ExpressibleByArgument {}

/// Which data folder, and how it is kept.
struct BrokerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Data folder. Default: $SLUICE_DATA, then $XDG_DATA_HOME/sluice, then ~/.local/share/sluice.",
            valueName: "dir"))
    var data: String?

    @Option(help: "When an acknowledgement leaves: sync after the disk has it, async after the kernel has it.")
    var durability: Durability = .sync

    /// The data folder these options and the environment name.
    var dataFolder: String {
        get throws(CommandFailure) {
            if let data { return data }
            if let folder = environmentValue("SLUICE_DATA") { return folder }
            if let folder = environmentValue("XDG_DATA_HOME"), folder.hasPrefix("/") { return folder + "/sluice" }
            if let home = environmentValue("HOME") { return home + "/.local/share/sluice" }
            throw CommandFailure(.usage, "There is no home folder to keep data in: name one with --data DIR.")
        }
    }
}

/// What every verb on an embedded broker takes.
struct CommonOptions: ParsableArguments {
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var connect: ConnectOptions

    @Flag(help: "Print JSON Lines.")
    var json = false

    /// The cluster to work with; nil for the data folder.
    func target() throws(CommandFailure) -> ClusterTarget? {
        try ClusterTarget.find(
            connect: connect.connect, cluster: connect.cluster, config: connect.config, data: broker.data,
            security: connect.security)
    }

    /// Opens the cluster's or the data folder's broker, hands it to `body`, and closes it in any case.
    ///
    /// - Parameter create: false for verbs that only look: they refuse to make a folder where there is none.
    /// - Parameter isReading: nothing is changed, so that a folder nobody owns is only read.
    func withBroker<T>(
        create: Bool, isReading: Bool = false, _ body: (any BrokerAccess) throws -> T
    ) throws -> T {
        if let target = try target() {
            let cluster = try target.open()
            defer { cluster.close() }
            return try body(cluster)
        }
        let folder = try broker.dataFolder
        if !create && access(folder, F_OK) != 0 && errno == ENOENT {
            throw CommandFailure(
                .notFound, "There is no data folder at \(folder) yet; publishing or the console makes one.")
        }
        let options = EmbeddedOptions(dataFolder: folder, durability: broker.durability, create: create)
        let broker = try isReading ? openBrokerToRead(options) : openBroker(options)
        defer { broker.close() }
        return try body(broker)
    }

    /// Opens the data folder to look into it: nothing in it changes. Asks again where the process that it asked owned the
    /// folder and ended meanwhile.
    func look<T: Sendable>(_ question: @escaping @Sendable (any Admin) async throws -> T) throws -> T {
        let isLocal = try target() == nil
        let deadline = ContinuousClock.now + ownersPatience
        while true {
            do {
                return try withBroker(create: false, isReading: true) { broker in
                    let admin = broker.admin
                    return try blocking { try await question(admin) }
                }
            } catch let error as APIError where error.code == .unreachable && isLocal && ContinuousClock.now < deadline
            {
                continue
            }
        }
    }

    /// Opens the data folder's broker to ask it one thing.
    func ask<T: Sendable>(
        create: Bool, _ question: @escaping @Sendable (any Admin) async throws -> T
    ) throws -> T {
        try withBroker(create: create) { broker in
            let admin = broker.admin
            return try blocking { try await question(admin) }
        }
    }
}

/// Confirmation of what cannot be undone.
struct ConfirmOptions: ParsableArguments {
    @Flag(help: "Do it without asking.")
    var yes = false

    /// Returns when it may be done: `--yes`, or `yes` typed at the terminal.
    /// - Parameter question: what is about to happen, as a sentence.
    func confirm(_ question: String) throws(CommandFailure) {
        if yes { return }
        guard isTerminal(STDIN_FILENO), isTerminal(STDERR_FILENO) else {
            throw CommandFailure(.refused, "\(question) Nothing was done: confirm with --yes.")
        }
        writeToStandardError("\(question) Type yes to go on: ")
        guard readLine() == "yes" else { throw CommandFailure(.refused, "Nothing was done.") }
    }
}
