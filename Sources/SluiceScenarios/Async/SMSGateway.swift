import NIOCore
import NIOHTTP1
import SluiceAPI
import Synchronization

/// Somebody else's SMS gateway, over HTTP: slow, sometimes failing, and now and then changed without asking.
///
/// `POST /sms` takes `id`, `phone` and `text`; its second interface is `POST /v2/messages` with `key`, `to` and `body`.
/// Its modems take up to five seconds a message. A landline number is refused for good.
final class SMSGateway: Sendable {
    enum Interface: Sendable { case first, second }
    private struct State {
        var isBroken = false
        var interface = Interface.first
        /// Ids of messages that went out; asked again for one of them it says so and sends nothing.
        var sent: Set<String> = []
        var asked = 0
        var failed = 0
        var repeated = 0
        var random: SplitMix
    }
    private let state: Mutex<State>
    private let slowness: Double
    private let service = Mutex<HTTPService?>(nil)
    /// Seconds at the most that a message takes in life.
    static let slowest = 5.0
    /// Of a hundred messages so many meet a failure of the gateway's own.
    static let failingPercent = 5

    init(slowness: Double, seed: UInt64 = 7) throws {
        self.slowness = slowness
        state = Mutex(State(random: SplitMix(state: seed)))
        let new = try HTTPService { [weak self] exchange in self?.take(exchange) }
        service.withLock { $0 = new }
    }

    var port: Int { service.withLock { $0?.port ?? 0 } }
    var isBroken: Bool { state.withLock { $0.isBroken } }
    var interface: Interface { state.withLock { $0.interface } }
    var sentCount: Int { state.withLock { $0.sent.count } }
    var counts: (asked: Int, failed: Int, repeated: Int) { state.withLock { ($0.asked, $0.failed, $0.repeated) } }
    func hasSent(_ id: String) -> Bool { state.withLock { $0.sent.contains(id) } }

    func breakDown(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }
    func changeInterface() { state.withLock { $0.interface = .second } }

    func stop() {
        let old = service.withLock { service in
            defer { service = nil }
            return service
        }
        old?.stop()
    }

    private func take(_ exchange: HTTPExchange) {
        let fields = formFields(exchange.body)
        let (isBroken, interface, luck, part) = state.withLock { state in
            state.asked += 1
            let luck = Int(state.random.next() % 100)
            return (state.isBroken, state.interface, luck, Double(state.random.next() % 1_000) / 1_000)
        }
        if isBroken { return refuse(exchange, .serviceUnavailable, "out of order") }
        guard exchange.path == (interface == .first ? "/sms" : "/v2/messages") else {
            return refuse(exchange, .gone, "this interface is no more")
        }
        let names = interface == .first ? (id: "id", phone: "phone") : (id: "key", phone: "to")
        guard let id = fields[names.id], let phone = fields[names.phone] else {
            return refuse(exchange, .badRequest, "\(names.id) and \(names.phone) are needed")
        }
        guard phone.hasPrefix("1") else { return refuse(exchange, .unprocessableEntity, "no mobile number") }
        // Most messages take a few hundred milliseconds, a few the whole time.
        let seconds = Self.slowest * slowness * (0.05 + 0.95 * part * part * part)
        exchange.eventLoop.scheduleTask(in: .microseconds(Int64(seconds * 1e6))) { [weak self] in
            guard luck >= Self.failingPercent else {
                return self?.refuse(exchange, .badGateway, "lost on the way") ?? ()
            }
            self?.send(id, exchange)
        }
    }

    private func send(_ id: String, _ exchange: HTTPExchange) {
        state.withLock { if !$0.sent.insert(id).inserted { $0.repeated += 1 } }
        exchange.answer(.ok, "sent")
    }

    private func refuse(_ exchange: HTTPExchange, _ status: HTTPResponseStatus, _ why: String) {
        state.withLock { $0.failed += 1 }
        exchange.answer(status, why)
    }
}

/// How the gateway is spoken to: the one place that knows its interface.
struct SMSAdapter: Sendable {
    let interface: SMSGateway.Interface
    let port: Int
    /// Seconds to wait for an answer.
    let timeout: Double

    /// True when the gateway took it.
    func send(id: String, phone: String, text: String) -> Bool {
        let (path, body) =
            switch interface {
            case .first: ("/sms", "id=\(id)&phone=\(phone)&text=\(text)")
            case .second: ("/v2/messages", "key=\(id)&to=\(phone)&body=\(text)")
            }
        do throws(APIError) {
            return try HTTPCall.post(port: port, path, body, timeout: timeout).status == 200
        } catch {
            return false
        }
    }
}
