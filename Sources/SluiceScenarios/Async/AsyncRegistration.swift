import SluiceAPI
import SluiceClient
import Synchronization

/// Asynchronous processing: a registration that sends an SMS, without waiting for the gateway.
public final class AsyncRegistration: Scenario {
    public static let about = ScenarioAbout(
        name: "async", title: "Registration without waiting for the SMS",
        claim: "Registering takes milliseconds however slow or broken the SMS gateway is, and no SMS is lost.",
        faults: [
            ScenarioFault("break", "the gateway answers 503 for two seconds"),
            ScenarioFault(
                "interface", "the gateway changes its interface; two seconds later the task service knows it"),
        ], outageSkips: ["registrations_refused", "p99_in_line_by_queued", "p50_in_trouble_by_all"],
        briefLevels: "1s 1s 1s 1s 2s 2s 3s 3s 4s 5s")

    /// Registrations a second, and those that wait for their SMS in line.
    private static let perSecond = 40.0
    private static let waitingPerSecond = 4.0

    struct State {
        var queued = LatencyHistogram()
        var inLine = LatencyHistogram()
        /// Of the last second, and while the gateway was broken or changed.
        var recent = LatencyHistogram()
        var recentInLine = LatencyHistogram()
        var troubled = LatencyHistogram()
        /// Phone number by user, of those whose SMS is a message.
        var users: [Int64: String] = [:]
        var refused = 0
        var refusedInLine = 0
        var problem: String?
        var lastSent = 0
        var lastMoment = monotonicSeconds()
    }
    let state = Mutex(State())
    let gateway: SMSGateway
    private let registration: RegistrationService
    let tasks: SMSTaskService
    let dead = DeadLetterReader()
    private let stage: ScenarioStage
    private let group: String
    private let customers = OpenLoop(perSecond: perSecond, threads: 8)
    private let waitingCustomers = OpenLoop(perSecond: waitingPerSecond, threads: 32)
    private let timeout: Double
    /// Deliveries after the first, and the seconds from the first to the last of them.
    let retryCount: Int
    private let retrySeconds: Double
    private let started = monotonicSeconds()
    private let helpers = Helpers()

    public convenience init(_ stage: ScenarioStage) throws { try self.init(stage, drops: { _ in false }) }

    /// - Parameter drops: for tests: tasks that the task service says are done without doing them.
    init(_ stage: ScenarioStage, drops: @escaping @Sendable (SMSTask) -> Bool) throws {
        self.stage = stage
        timeout = (SMSGateway.slowest + 1) * stage.options.slowness
        gateway = try SMSGateway(slowness: stage.options.slowness)
        let adapter = SMSAdapter(interface: .first, port: gateway.port, timeout: timeout)
        let topic = try stage.makeTopic("sms-tasks", queues: 4)
        let group = try stage.makeGroup("sms-service")
        self.group = group
        let retries = try SMSTaskService.retries(stage.delayLevels(), brief: stage.options.seconds != nil)
        (retryCount, retrySeconds) = retries
        registration = try RegistrationService(
            stage.connection, topic: topic, folder: stage.folder, adapter: adapter)
        tasks = SMSTaskService(stage.connection, group: group, topic: topic, adapter: adapter, drops: drops)
        let admin = stage.admin
        try blocking {
            try await admin.updateGroup(GroupConfig(name: group, retryMaxTimes: retries.count))
        }
    }

    public func start() throws {
        try tasks.start()
        dead.start(stage.connection, group: group, reader: try stage.makeGroup("sms-dead-letters"))
        customers.start { [self] number, due in register(number, due, waits: false) }
        waitingCustomers.start { [self] number, due in register(number, due, waits: true) }
    }

    /// A customer registers and waits for the answer. One of fifty gives a landline number, which gets no SMS, ever.
    private func register(_ number: Int, _ due: Double, waits: Bool) {
        let phone = number % 50 == 49 ? "021\(number)" : "13\(1_000_000 + number)"
        do throws(APIError) {
            let answer = try HTTPCall.post(
                port: registration.port, waits ? "/register-and-wait" : "/register",
                "name=customer\(number)&phone=\(phone)",
                timeout: max(10, 2 * timeout))
            let microseconds = Int64((monotonicSeconds() - due) * 1e6)
            let isTroubled = isTroubled
            state.withLock { state in
                guard waits else {
                    guard answer.status == 200, let user = Int64(answer.body) else {
                        state.refused += 1
                        return
                    }
                    state.users[user] = phone
                    state.queued.add(microseconds: microseconds)
                    state.recent.add(microseconds: microseconds)
                    if isTroubled { state.troubled.add(microseconds: microseconds) }
                    return
                }
                if answer.status != 200 { state.refusedInLine += 1 }
                state.inLine.add(microseconds: microseconds)
                state.recentInLine.add(microseconds: microseconds)
            }
        } catch {
            state.withLock { state in
                if waits { state.refusedInLine += 1 } else { state.refused += 1 }
                state.problem = error.message
            }
        }
    }

    /// True while the gateway does not take what the task service sends.
    var isTroubled: Bool { gateway.isBroken || gateway.interface != tasks.interface }

    // MARK: Keys and faults
    public func press(_ key: Character) {
        switch key {
        case "b": gateway.breakDown(!gateway.isBroken)
        case "v": gateway.interface == .first ? gateway.changeInterface() : deploy()
        case "d":
            helpers.run {
                try self.resendDeadLetters()
            } failed: {
                self.note($0)
            }
        default: break
        }
    }

    public func cause(_ fault: String) throws {
        switch fault {
        case "break":
            gateway.breakDown(true)
            helpers.run(after: 2) {
                self.gateway.breakDown(false)
            } failed: {
                self.note($0)
            }
        case "interface":
            gateway.changeInterface()
            helpers.run(after: 2) {
                self.deploy()
            } failed: {
                self.note($0)
            }
        default: throw unknownFault(fault, of: Self.self)
        }
    }

    private func deploy() {
        tasks.deploy(SMSAdapter(interface: gateway.interface, port: gateway.port, timeout: timeout))
    }

    private func resendDeadLetters() throws {
        let (admin, group) = (stage.admin, group)
        _ = try blocking {
            try await admin.act(
                .resendDeadLetters(DeadLetterSelection(group: group, offsets: nil)), reason: "the gateway is back",
                dryRun: false)
        }
    }

    private func note(_ error: any Error) { state.withLock { $0.problem = "\(error)" } }

    // MARK: The end
    public func endLoad() {
        customers.stop()
        waitingCustomers.stop()
        gateway.breakDown(false)
        deploy()
    }

    public var isSettled: Bool { openTasks == 0 }
    public var settleSeconds: Double { retrySeconds + 10 }

    /// Users whose SMS is neither sent nor a dead letter.
    var openTasks: Int {
        let (users, keys) = (state.withLock { $0.users.keys }, dead.keys)
        return users.count { !gateway.hasSent("user-\($0)") && !keys.contains("user-\($0)") }
    }

    public func report() throws -> ScenarioReport { asyncReport() }

    public func close() {
        customers.stop()
        waitingCustomers.stop()
        helpers.finish()
        tasks.stop()
        dead.stop()
        registration.stop()
        gateway.stop()
    }

    var seconds: Double { monotonicSeconds() - started }
    var waitingTasks: Int { openTasks }
}
