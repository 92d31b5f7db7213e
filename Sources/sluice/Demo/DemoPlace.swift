import ArgumentParser
import Glibc
import SluiceAPI
import SluiceClient
import SluiceScenarios

/// Where a demonstration's broker is.
struct DemoPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Play on the broker of this data folder, in place of a temporary one.", valueName: "dir"))
    var data: String?
    @Flag(help: "Start the broker in a process of its own, so that it can be killed.") var brokerProcess = false
    @Option(help: "When an acknowledgement leaves.") var durability: Durability = .sync

    func check() throws {
        if data != nil && brokerProcess {
            throw ValidationError("--broker-process starts a broker of its own: leave --data out.")
        }
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
    private let folder: ScratchFolder
    private let dataFolder: String
    private let process: BrokerProcess?
    private let isOurs: Bool

    /// - Parameter levels: delay levels of a broker that is there for this run only.
    init(_ place: DemoPlace, levels: String?) throws {
        folder = try ScratchFolder.make()
        do {
            let executable = DemoPlace.executable
            isOurs = place.data == nil
            if place.brokerProcess, let executable {
                dataFolder = folder.path + "/broker"
                let process = try BrokerProcess(
                    executable: executable, dataFolder: dataFolder, durability: place.durability, levels: levels)
                self.process = process
                broker = try process.attach()
            } else {
                var options = try EmbeddedOptions.forScenario(
                    in: folder.path, durability: place.durability, levels: levels)
                if let data = place.data {
                    options = EmbeddedOptions(dataFolder: data, durability: place.durability, create: true)
                }
                dataFolder = options.dataFolder
                process = nil
                broker = try openBroker(options)
            }
        } catch {
            folder.remove()
            throw error
        }
    }

    /// A stage with a folder of its own. Numbered, since a scenario may be played again.
    func stage(_ number: Int, _ options: ScenarioOptions) throws -> ScenarioStage {
        let own = folder.path + "/play-\(number)"
        guard mkdir(own, 0o700) == 0 else {
            throw CommandFailure(.failed, "Cannot make the folder \(own): \(String(cString: strerror(errno)))")
        }
        // What an earlier play left on the broker is not this one's.
        let suffix = isOurs && number == 1 ? "" : "\(wallMilliseconds() / 1000 % 1_000_000)"
        if let process {
            return try ScenarioStage(process: process, folder: own, suffix: suffix, options: options)
        }
        return ScenarioStage(
            broker: broker, folder: own, dataFolder: dataFolder, executable: DemoPlace.executable, suffix: suffix,
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
