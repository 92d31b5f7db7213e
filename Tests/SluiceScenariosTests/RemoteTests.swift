import Foundation
import Glibc
import Logging
import SluiceAPI
import SluiceBroker
import SluiceClient
import SluiceCluster
import SluiceServer
import Testing

@testable import SluiceScenarios

extension Played {
    /// All seven on a broker over the network, one after the other, with parts in processes of their own.
    @Suite struct RemoteTests {
        /// Machines differ: what is measured in time is not judged here, what is counted is.
        private static func counted(_ failed: [String]) -> [String] {
            failed.filter { name in !["p50", "p99", "variation", "peak", "_by_"].contains { name.contains($0) } }
        }

        @Test func allPlayOnAServedBrokerAndLeaveNothing() async throws {
            try await onServer(isCompatible: false) { ground in
                for type in ScenarioRegistry.all {
                    let report = try ground.play(type, seconds: 2)
                    #expect(Self.counted(report.failed).isEmpty, "\(type.about.name): \(report.checks)")
                }
                let left = try ground.names.filter { $0.contains("demo-") }
                #expect(left.isEmpty, "\(left)")
            }
        }

        /// A broker without extensions: what it cannot do is said in words, and the rest holds.
        @Test func whatABrokerCannotDoIsSaid() async throws {
            try await onServer(isCompatible: true) { ground in
                let delay = try ground.play(DelayScenario.self, seconds: 3) { scenario, _ in
                    #expect(scenario.moment().lines.contains { $0.value == "levels only" })
                }
                #expect(Self.counted(delay.failed).isEmpty, "\(delay.checks)")
                #expect(!delay.checks.contains { $0.name == "came_after_withdrawal" })
                let hub = try ground.play(HubScenario.self, seconds: 2) { scenario, _ in
                    #expect(!scenario.moment().keys.contains { $0.label == "slow search" })
                    #expect(scenario.moment().lines.contains { $0.value.contains("cannot slow a group") })
                    #expect(throws: APIError.self) { try scenario.cause("slow-sink") }
                }
                #expect(Self.counted(hub.failed).isEmpty, "\(hub.checks)")
                let left = try ground.names.filter { $0.contains("demo-") }
                #expect(left.isEmpty, "\(left)")
            }
        }

        /// A topic of somebody else's is not touched, whatever it is called.
        @Test func aTopicOfOthersIsLeftAlone() async throws {
            try await onServer(isCompatible: false) { ground in
                let stage = try ground.stage(seconds: 2)
                let (admin, name) = (stage.admin, stage.name("orders"))
                try blocking { try await admin.createTopic(TopicConfig(name: name, readQueues: 1, writeQueues: 1)) }
                #expect(throws: APIError.self) { try stage.makeTopic("orders", queues: 8) }
                #expect(stage.removeNames() == [])
                #expect(try ground.names.contains(name))
            }
        }
    }
}

/// A broker over the network that outlives what is played on it.
private struct RemoteGround {
    let access: any BrokerAccess
    let address: String
    let folder: String

    /// Topics and groups that are there.
    var names: [String] {
        get throws {
            let admin = access.admin
            return try blocking {
                try await admin.topics().map(\.config.name) + admin.groups().map(\.config.name)
            }
        }
    }

    func stage(seconds: Double) throws -> ScenarioStage {
        let suffix = ScenarioStage.freshSuffix()
        let own = "\(folder)/\(suffix)"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        return ScenarioStage(
            broker: access, folder: own, way: ["--connect", address], executable: ScenarioTesting.executable,
            suffix: suffix, options: ScenarioOptions(seconds: seconds, slowness: 0.02))
    }

    func play(
        _ type: any Scenario.Type, seconds: Double, look: (any Scenario, ScenarioStage) throws -> Void = { _, _ in }
    ) throws -> ScenarioReport {
        let stage = try stage(seconds: seconds)
        let scenario = try type.init(stage)
        var looks = 0
        let run = ScenarioRun(seconds: seconds, settleSeconds: 20)
        let report = try run.run(
            scenario, on: stage,
            onMoment: { _ in
                looks += 1
                if looks == 1 { try look(scenario, stage) }
            })
        scenario.close()
        #expect(stage.removeNames() == [])
        return try #require(report)
    }
}

/// Serves in this process, and plays on a thread that may block.
private func onServer(
    isCompatible: Bool, _ play: @escaping @Sendable (RemoteGround) throws -> Void
) async throws {
    // A part that was killed may be told something yet.
    signal(SIGPIPE, SIG_IGN)
    let folder = try ScratchFolder.make(in: temporaryRoot)
    defer { folder.remove() }
    var options = ServerOptions()
    options.listen = SocketPlace(host: "127.0.0.1", port: try BrokerProcess.freePort())
    options.nameServer = options.listen
    options.advertised = options.listen.text
    options.dataFolder = folder.path + "/broker"
    options.durability = .async
    options.isCompatible = isCompatible
    var embedding = try EmbeddedOptions.forScenario(
        in: folder.path, durability: .async, levels: "1s 1s 1s 1s 1s 1s 2s 2s")
    embedding.advertised = options.advertised
    embedding.isCompatible = isCompatible
    options.levels = embedding.levels
    let broker = try EmbeddedBroker.open(embedding)
    defer { broker.close() }
    let logger = Logger(label: "remote") { _ in SwiftLogNoOpLogHandler() }
    let server = try await Server.start(broker.host, options, logger: logger)
    let outcome = await Result { () async throws in
        let access = try await ClusterAccess(NetworkOptions(nameServers: [options.listen.text]))
        defer { access.close() }
        let ground = RemoteGround(access: access, address: options.listen.text, folder: folder.path)
        try await onThread { try play(ground) }
    }
    await server.stop()
    try outcome.get()
}

extension Result where Failure == any Error {
    /// What work ended with.
    fileprivate init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
