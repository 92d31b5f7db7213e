import SluiceAPI
import SluiceClient
import Synchronization

/// A running service: in a process of its own where the broker lets one in, else on threads of this one.
final class ServiceHandle: Sendable {
    enum Running: Sendable {
        case process(PartProcess)
        case threads(BusService)
    }
    let role: LotteryRole
    private let stage: ScenarioStage
    private let topic: String
    private let isLying: Bool
    private let running = Mutex<Running?>(nil)
    /// A key, a fault and the end of the run may start it at the same moment.
    private let starting = Mutex(())

    init(_ role: LotteryRole, _ stage: ScenarioStage, topic: String, isLying: Bool = false) {
        self.role = role
        self.stage = stage
        self.topic = topic
        self.isLying = isLying
    }

    var isRunning: Bool {
        switch running.withLock({ $0 }) {
        case .process(let part): part.isRunning
        case .threads: true
        case nil: false
        }
    }
    /// Of its process; nil when it runs in this one.
    var pid: Int? {
        guard case .process(let part)? = running.withLock({ $0 }) else { return nil }
        return Int(part.pid)
    }

    func start() throws { try starting.withLock { _ in try startOnce() } }

    private func startOnce() throws {
        guard !isRunning else { return }
        let group = try stage.makeGroup("lottery-" + role.rawValue)
        let new: Running
        if stage.hasProcesses {
            new = .process(try stage.part(ServiceBus.self, role.rawValue, [topic, group]))
        } else {
            let service = try role.service(
                stage.connection, topic: topic, group: group, folder: stage.folder, isLying: isLying)
            try service.start()
            new = .threads(service)
        }
        running.withLock { $0 = new }
    }

    /// SIGKILL to its process; on threads it can only be asked to end.
    func kill() { end { $0.kill() } }
    func stop() { end { $0.stop() } }

    private func end(_ how: (PartProcess) -> Void) {
        let old = running.withLock { running in
            defer { running = nil }
            return running
        }
        switch old {
        case .process(let part): how(part)
        case .threads(let service): service.stop()
        case nil: break
        }
    }
}
