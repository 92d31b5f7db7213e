import ArgumentParser
import Glibc
import SluiceAPI
import SluiceClient
import SluiceCluster
import SluiceScenarios

/// Where a demonstration's broker is.
struct DemoPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Play on the broker of this data folder, in place of a temporary one.", valueName: "dir"))
    var data: String?
    @Option(
        help: ArgumentHelp(
            "Play over the network: name servers of a RocketMQ cluster, or a `sluice serve`.", valueName: "host:port,…")
    )
    var connect: String?
    @Option(help: ArgumentHelp("Play on a cluster of the configuration file.", valueName: "name")) var cluster: String?
    @Option(help: ArgumentHelp("Configuration file with the cluster.", valueName: "file")) var config: String?
    @OptionGroup var security: SecurityOptions
    @Flag(help: "Serve the broker in a process of its own, so that it can be killed.") var brokerProcess = false
    @Option(help: "When an acknowledgement leaves, of a broker that is started here.") var durability: Durability =
        .sync

    func check() throws {
        let places = [
            data.map { _ in "--data" }, connect.map { _ in "--connect" }, cluster.map { _ in "--cluster" },
            brokerProcess ? "--broker-process" : nil,
        ].compactMap(\.self)
        guard places.count <= 1 else {
            throw ValidationError("Give one of \(places.joined(separator: " and ")): each names a broker.")
        }
    }

    /// The cluster to play on; nil for a broker of this machine. The environment names none: nobody is to play on a
    /// cluster without having asked for it.
    func target() throws(CommandFailure) -> ClusterTarget? {
        guard connect != nil || cluster != nil else {
            if security.isTLS { throw SecurityOptions.noCluster }
            return nil
        }
        return try ClusterTarget.find(connect: connect, cluster: cluster, config: config, data: nil, security: security)
    }

    /// Words that lead a part in a process of its own to the same cluster.
    fileprivate var way: [String] {
        let security = (security.tls ? ["--tls"] : []) + (security.tlsTrust.map { ["--tls-trust", $0] } ?? [])
        if let connect { return ["--connect", connect] + security }
        return security + (cluster.map { ["--cluster", $0] } ?? []) + (config.map { ["--config", $0] } ?? [])
    }

    /// This program's own file, for parts in processes of their own.
    static var executable: String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}

/// The broker and the folder that scenarios are played on, one after the other.
final class DemoGround: Sendable {
    let broker: any BrokerAccess
    /// What the broker is called where it is not one of this run.
    let name: String?
    private let folder: ScratchFolder
    private let way: [String]
    private let process: BrokerProcess?
    private let isOurs: Bool

    /// - Parameter levels: delay levels of a broker that is there for this run only.
    init(_ place: DemoPlace, levels: String?) throws {
        folder = try ScratchFolder.make()
        do {
            isOurs = place.data == nil && place.connect == nil && place.cluster == nil
            if let target = try place.target() {
                if let reason = target.readOnly {
                    throw CommandFailure(.refused, "\(reason): a demonstration makes topics and groups there.")
                }
                (name, way, process) = (target.name, place.way, nil)
                broker = try target.open()
            } else if place.brokerProcess, let executable = DemoPlace.executable {
                let process = try BrokerProcess(
                    executable: executable, dataFolder: folder.path + "/broker", durability: place.durability,
                    levels: levels, serves: true)
                let address = "127.0.0.1:\(process.port ?? 0)"
                (name, way) = (nil, ["--connect", address])
                self.process = process
                do {
                    broker = try Self.connect(to: address)
                } catch {
                    process.stop()
                    throw error
                }
            } else {
                var options = try EmbeddedOptions.forScenario(
                    in: folder.path, durability: place.durability, levels: levels)
                if let data = place.data {
                    options = EmbeddedOptions(dataFolder: data, durability: place.durability, create: true)
                }
                (name, way, process) = (place.data, ["--data", options.dataFolder], nil)
                broker = try openBroker(options)
            }
        } catch {
            folder.remove()
            throw error
        }
    }

    /// The broker's own process, without an account of the user's.
    private static func connect(to address: String) throws -> any BrokerAccess {
        var options = NetworkOptions(nameServers: [address])
        options.backoff.mostMilliseconds = 500
        let network = options
        return try blocking { try await ClusterAccess(network) }
    }

    /// A stage with a folder of its own. Numbered, since a scenario may be played again.
    func stage(_ number: Int, _ options: ScenarioOptions) throws -> ScenarioStage {
        let own = folder.path + "/play-\(number)"
        guard mkdir(own, 0o700) == 0 else {
            throw CommandFailure(.failed, "Cannot make the folder \(own): \(String(cString: strerror(errno)))")
        }
        // What an earlier play left on the broker is not this one's.
        let suffix = isOurs && number == 1 ? "" : ScenarioStage.freshSuffix()
        return ScenarioStage(
            broker: broker, folder: own, way: way, executable: DemoPlace.executable, suffix: suffix, process: process,
            options: options)
    }

    func close() {
        broker.close()
        process?.stop()
        folder.remove()
    }
}

/// Runs what starts a demonstration; what goes wrong there is said in one sentence.
func started<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as APIError {
        throw error
    } catch let error as CommandFailure {
        throw error
    } catch {
        throw CommandFailure(.failed, "The demonstration could not start: \(error)")
    }
}
