import Glibc
import SluiceRemoting
import SluiceTapes

/// A client's end of a connection: a plain blocking socket, used by one thread.
final class TapeConnection {
    private let descriptor: Int32
    private var held: [UInt8] = []
    /// Frames that came and that nobody asked for yet.
    private(set) var inbox: [Frame] = []
    /// The other side closed it.
    private(set) var isClosed = false
    private var opaque: Int32 = 1 << 20
    /// Signs the test's own requests.
    private let signer: Tape.Account?

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    init(port: Int, signer: Tape.Account? = nil) throws {
        self.signer = signer
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in(loopback: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            throw Failure(description: "no connection to port \(port): \(String(cString: strerror(errno)))")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { Glibc.close(descriptor) }

    /// Ends the connection as a client does.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    func send(_ bytes: [UInt8]) {
        var at = 0
        while at < bytes.count {
            // A server that closed the connection must not end the test's process.
            let count = bytes[at...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                isClosed = true
                return
            }
            at += count
        }
    }

    /// The first frame that matches; nil when none comes in time, or none can come any more.
    func receive(within milliseconds: Int64, where matches: (Frame) -> Bool) -> Frame? {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            if let index = inbox.firstIndex(where: matches) { return inbox.remove(at: index) }
            guard !isClosed, read(until: deadline) else { return nil }
        }
    }

    /// True when a frame that matches comes in time; it stays to be received.
    func has(within milliseconds: Int64, where matches: (Frame) -> Bool) -> Bool {
        guard let frame = receive(within: milliseconds, where: matches) else { return false }
        inbox.append(frame)
        return true
    }

    /// True when the other side closes the connection in time.
    func isClosed(within milliseconds: Int64) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while !isClosed, read(until: deadline) {}
        return isClosed
    }

    /// False when nothing came before the deadline.
    private func read(until deadline: ContinuousClock.Instant) -> Bool {
        let left = (deadline - .now) / .milliseconds(1)
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard left > 0, poll(&state, 1, Int32(left.rounded(.up))) > 0 else { return false }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 { held += chunk[..<count] } else { isClosed = true }
        while case .frame(_, _, let body) = held.withUnsafeBytes({ FrameScanner.scan($0) }) {
            if let frame = Tape.decode(Array(held[..<body.upperBound])) { inbox.append(frame) }
            held.removeFirst(body.upperBound)
        }
        return true
    }

    // MARK: Requests of the test's own

    /// Asks and returns the answer.
    @discardableResult
    func call(_ code: Int32, _ fields: [String: String] = [:], body: [UInt8] = []) throws -> Frame {
        let opaque = ask(code, fields, body: body)
        guard let answer = receive(within: 5_000, where: { $0.isResponse && $0.opaque == opaque }) else {
            throw Failure(description: "request \(code) \(fields) got no answer")
        }
        return answer
    }

    /// Asks and returns what has to be answered with code 0.
    @discardableResult
    func expect(_ code: Int32, _ fields: [String: String] = [:], body: JSONValue? = nil) throws -> Frame {
        let answer = try call(code, fields, body: body?.encoded() ?? [])
        guard answer.code == ResponseCode.success else {
            throw Failure(description: "request \(code) \(fields) got \(answer.code): \(answer.remark ?? "")")
        }
        return answer
    }

    /// Sends a request and returns its opaque.
    @discardableResult
    func ask(_ code: Int32, _ fields: [String: String] = [:], body: [UInt8] = [], flag: Int32 = 0) -> Int32 {
        opaque += 1
        var frame = Frame(code: code, flag: flag, opaque: opaque, fields: [], body: body)
        frame.fields = fields.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
        send((signer.map { frame.signed(by: $0) } ?? frame).encoded())
        return opaque
    }

    /// Answers a request that the server sent.
    func answer(_ request: Frame, code: Int32 = ResponseCode.success, body: JSONValue) {
        send(
            Frame(code: code, flag: FrameFlag.response, opaque: request.opaque, fields: [], body: body.encoded())
                .encoded())
    }
}

extension Frame {
    /// The request under an account's signature, in place of one that it may have.
    func signed(by account: Tape.Account) -> Frame {
        var frame = self
        let own = [Signature.accessKeyField, Signature.signatureField]
        frame.fields = (fields ?? []).filter { !own.contains($0.name) }
        frame.fields?.append(.init(Signature.accessKeyField, account.accessKey))
        let content = body.withUnsafeBytes { raw in
            Signature.content((frame.fields ?? []).map { ($0.name, $0.value) }, body: raw)
        }
        frame.fields?.append(.init(Signature.signatureField, Signature.sign(content, secret: account.secretKey)))
        return frame
    }
}
