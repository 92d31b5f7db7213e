import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceRemoting

/// Why a request is not served: the response's code and remark.
struct Refusal: Error {
    var code: Int32
    var remark: String

    init(_ code: Int32, _ remark: String) {
        self.code = code
        self.remark = remark
    }

    init(_ error: APIError) { self.init(ResponseCode.of(error), error.message) }
}

/// One request whose rate does not matter, with what it takes to answer it.
struct Call: Sendable {
    let request: Frame
    let connection: RemotingConnection
    let service: Service
    /// Nil where the sender is known by what it says only.
    let proof: Proof?

    enum Proof: Sendable {
        /// A user of this machine, by the credentials of his socket.
        case user(UInt32)
        /// The account that signed the request.
        case account(String)
    }

    var options: ServerOptions { service.options }

    func answer() async -> Frame {
        do throws(Refusal) {
            return try await dispatch()
        } catch {
            return Frame(code: error.code, remark: error.remark, fields: [])
        }
    }

    private func dispatch() async throws(Refusal) -> Frame {
        if let frame = try await consumers() { return frame }
        if let frame = try await offsets() { return frame }
        if let frame = try await lookUps() { return frame }
        if let frame = try await topics() { return frame }
        if let frame = try await groups() { return frame }
        if let frame = try await relays() { return frame }
        if let frame = try await broker() { return frame }
        if let frame = try await nameServer() { return frame }
        if let frame = try await access() { return frame }
        if let frame = try await extensionCall() { return frame }
        // With a leading space, as RocketMQ says it (remoting frame, 11).
        throw Refusal(ResponseCode.requestCodeNotSupported, " request type \(request.code) not supported")
    }

    // MARK: What handlers use

    func ask(_ request: Request) async throws(Refusal) -> Response {
        do throws(APIError) {
            return try await service.ask(request)
        } catch {
            throw Refusal(error)
        }
    }

    /// Runs on the event loop, where clients and relays live.
    func onLoop<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws(Refusal) -> T {
        do {
            return try await service.loop.submit(body).get()
        } catch {
            throw Refusal(ResponseCode.serviceNotAvailable, "the broker is shutting down")
        }
    }

    func text(_ name: String) throws(Refusal) -> String {
        guard let text = request[name], !text.isEmpty else {
            throw Refusal(ResponseCode.systemError, "the request lacks the field \(name)")
        }
        return text
    }

    func integer(_ name: String) throws(Refusal) -> Int64 {
        guard let number = request.integer(name) else {
            throw Refusal(ResponseCode.systemError, "the request lacks the number \(name)")
        }
        return number
    }

    func body() throws(Refusal) -> JSONValue {
        guard !request.body.isEmpty else { throw Refusal(ResponseCode.systemError, "the request has no body") }
        do throws(JSONError) {
            return try JSONParser.parse(request.body)
        } catch {
            throw Refusal(ResponseCode.systemError, "the request's body cannot be read: \(error)")
        }
    }

    func ok(_ fields: KeyValuePairs<String, String> = [:], body: JSONValue? = nil) -> Frame {
        Frame(
            code: ResponseCode.success, fields: fields.isEmpty ? nil : fields.map { .init($0.key, $0.value) },
            body: body?.encoded() ?? [])
    }

    func ok(text: String) -> Frame { Frame(code: ResponseCode.success, body: Array(text.utf8)) }
}
