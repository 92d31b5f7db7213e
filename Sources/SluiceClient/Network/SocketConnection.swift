import Foundation
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// A connection to the broker of another process on this machine, over the socket in its data folder.
///
/// Two threads of its own: one writes what is submitted, one reads answers and pushes.
final class SocketConnection: Connection {
    private typealias Taker = @Sendable (Result<Frame, APIError>) -> Void

    private struct Waiting {
        var reply: Taker
        /// It asks for more than an answer.
        var changes: Bool
        /// The thread that writes has taken it: some of it may have arrived.
        var isSent = false
    }

    private struct State {
        var outgoing: [(opaque: Int32, bytes: [UInt8])] = []
        var waiting: [Int32: Waiting] = [:]
        var pushes: [String: @Sendable (ServerPush) -> Void] = [:]
        var nextOpaque: Int32 = 0
        var failure: APIError?
        var isClosed = false
    }

    private let stream: LocalSocket
    private let state = Mutex(State())
    private let writing = Parker()
    let localAddress: String

    /// - Throws: `.unreachable` when nobody listens there.
    init(path: String) throws(APIError) {
        stream = try LocalSocket(path: path)
        localAddress = "pid \(getpid())"
        startThread("sluice-write") { [self] in write() }
        startThread("sluice-answers") { [self] in read() }
    }

    /// True once nothing is sent any more.
    var isOver: Bool { state.withLock { $0.isClosed || $0.failure != nil } }

    func close() {
        state.withLock { $0.isClosed = true }
        writing.unpark()
        stream.shutDown()
    }

    // MARK: Requests

    func submit(_ request: Request, _ reply: @escaping Reply) {
        if case .publish(let source) = request { return publish(source) }
        if case .register(let registration) = request {
            state.withLock { $0.pushes[registration.client] = registration.push }
        }
        guard let wire = WireRequest(request) else {
            return reply(.failed(APIError(.failed, "this request cannot be sent to another process")))
        }
        call(wire) { result in
            switch result {
            case .success(let response): reply(response)
            case .failure(let error): reply(.failed(error))
            }
        }
    }

    func read(_ request: ReadRequest) async throws(APIError) -> Fetch {
        let result = await withCheckedContinuation { continuation in
            call(.read(request)) { continuation.resume(returning: $0) }
        }
        guard case .fetched(let fetch) = try result.get() else { return .empty }
        return fetch
    }

    private func call(_ wire: WireRequest, _ reply: @escaping @Sendable (Result<Response, APIError>) -> Void) {
        guard let json = try? JSONEncoder().encode(wire) else {
            return reply(.failure(APIError(.invalid, "the request cannot be written as JSON")))
        }
        var changes = false
        if case .act(_, let context) = wire { changes = !context.dryRun }
        send(ExtensionFrame.request(.call, json: Array(json)), changes: changes) { result in
            reply(
                result.flatMap { frame in
                    guard let (json, bytes) = ExtensionFrame.parts(frame.body),
                        let wire = try? JSONDecoder().decode(WireResponse.self, from: Data(json))
                    else {
                        return .failure(
                            APIError(.failed, "the answer cannot be read; is it the same version of sluice?"))
                    }
                    let response = bytes.withUnsafeBytes { wire.response($0) }
                    if case .failed(let error) = response { return .failure(error) }
                    return .success(response)
                })
        }
    }

    private func publish(_ source: any PublishSource) {
        guard let batch = source.take() else { return }
        send(ExtensionFrame.request(.publish, json: [], bytes: batch.encoded()), changes: true) { [self] result in
            answer(batch, result)
            source.finished(batch)
        }
    }

    private func answer(_ batch: PublishBatch, _ result: Result<Frame, APIError>) {
        switch result {
        case .success(let frame):
            guard let parts = ExtensionFrame.parts(frame.body), batch.takeResults(Array(parts.bytes)) else {
                return batch.refuse(APIError(.failed, "the broker's answer to a batch cannot be read"))
            }
        case .failure(let error): batch.refuse(error)
        }
    }

    /// Sends a frame; `reply` is called once, with a success or why there is none.
    private func send(_ frame: Frame, changes: Bool, _ reply: @escaping Taker) {
        let failure = state.withLock { state -> APIError? in
            if let failure = state.failure { return failure }
            var frame = frame
            frame.opaque = state.nextOpaque
            state.nextOpaque &+= 1
            state.waiting[frame.opaque] = Waiting(reply: reply, changes: changes)
            state.outgoing.append((frame.opaque, frame.encoded()))
            return nil
        }
        if let failure { return reply(.failure(failure)) }
        writing.unpark()
    }

    // MARK: Threads

    private func write() {
        while true {
            let (frames, isOver) = state.withLock { state in
                defer { state.outgoing = [] }
                for frame in state.outgoing { state.waiting[frame.opaque]?.isSent = true }
                return (state.outgoing, state.isClosed || state.failure != nil)
            }
            for frame in frames where !stream.write(frame.bytes) { return fail() }
            if isOver { return }
            if frames.isEmpty { writing.park() }
        }
    }

    private func read() {
        let header = HeaderReader()
        while let frame = stream.next(header) {
            if frame.isResponse {
                let waiting = state.withLock { $0.waiting.removeValue(forKey: frame.opaque) }
                waiting?.reply(Self.result(frame))
            } else if let (json, bytes) = ExtensionFrame.parts(frame.body), let push = WirePush.decode(json, bytes) {
                for handler in state.withLock({ Array($0.pushes.values) }) { handler(push) }
            }
        }
        fail()
    }

    private static func result(_ frame: Frame) -> Result<Frame, APIError> {
        guard frame.code != ResponseCode.success else { return .success(frame) }
        let remark = frame.remark ?? "the broker answered with code \(frame.code)"
        return .failure(APIError(frame.code == ResponseCode.noPermission ? .refused : .failed, remark))
    }

    /// The other process is gone: nobody waits any longer.
    private func fail() {
        let error = APIError(.unreachable, "the process that owned the data folder is gone")
        let waiting = state.withLock { state in
            state.failure = state.failure ?? error
            defer { state.waiting = [:] }
            return state.waiting
        }
        writing.unpark()
        for entry in waiting.values {
            entry.reply(.failure(entry.isSent && entry.changes ? error.afterSending : error))
        }
    }
}
