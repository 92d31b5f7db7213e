import Foundation
import SluiceAPI
import SluiceBroker
import SluiceHost
import SluiceMessage
import SluiceRemoting
import SluiceStorage

/// What only Sluice has: the requests of its own consoles and verbs, in process or not the same.
extension Call {
    func extensionCall() async throws(Refusal) -> Frame? {
        guard request.code == RequestCode.sluice, !options.isCompatible else { return nil }
        guard request[ExtensionFrame.versionField] == ExtensionFrame.version else {
            throw Refusal(
                ResponseCode.requestCodeNotSupported,
                "this broker speaks version \(ExtensionFrame.version) of Sluice's own requests; use a sluice of the same version"
            )
        }
        guard let (json, _) = ExtensionFrame.parts(request.body) else {
            throw Refusal(ResponseCode.systemError, "the request's body is cut off")
        }
        switch request[ExtensionFrame.operationField].flatMap({ ExtensionFrame.Operation(rawValue: $0) }) {
        case .call: return try await call(json)
        case .publish, .push, nil:
            throw Refusal(ResponseCode.requestCodeNotSupported, "there is no such request of Sluice's own")
        }
    }

    private func call(_ json: ArraySlice<UInt8>) async throws(Refusal) -> Frame {
        let wire: WireRequest
        do {
            wire = try JSONDecoder().decode(WireRequest.self, from: Data(json))
        } catch {
            throw Refusal(ResponseCode.systemError, "the request cannot be read: \(error)")
        }
        do throws(APIError) {
            if case .read(let read) = wire {
                let fetch = try await service.host.read(read)
                return Self.answer(.records(next: fetch.next), fetch.withBytes { Array($0) })
            }
            try await remember(wire)
            let inbox = service.inbox
            let connection = connection
            let request = known(wire).request(connection.remoteText) { push in
                inbox.add(.work { connection.push(push) })
            }
            guard let request else { throw APIError(.failed, "the request is of no kind this broker knows") }
            return try await answer(try await service.ask(request))
        } catch {
            return Self.answer(.failed(error))
        }
    }

    /// A client that registers over this connection is gone with it.
    private func remember(_ wire: WireRequest) async throws(APIError) {
        guard case .register(let registration) = wire else { return }
        do throws(Refusal) {
            let connection = connection
            try await onLoop { _ = connection.attached.insert(registration.client) }
        } catch {
            throw APIError(.unavailable, error.remark)
        }
    }

    /// The request with what this server knows of who sent it, in place of what was claimed.
    private func known(_ wire: WireRequest) -> WireRequest {
        guard case .act(let action, var context) = wire else { return wire }
        context.actor = actor(claiming: context.actor)
        return .act(action, context)
    }

    private func answer(_ response: Response) async throws(APIError) -> Frame {
        if case .audit(let reading) = response {
            return Self.answer(.told(try await offPool { () throws(DiskError) in try reading.answer() }))
        }
        guard case .pulled(let answer) = response, let units = answer.units, let reader = answer.reader else {
            return Self.answer(WireResponse(response) ?? .failed(APIError(.failed, "this answer cannot be sent")))
        }
        let (fetch, next) = try await offPool { () throws(DiskError) in
            let all = try units.load()
            guard !all.isEmpty else { return (Fetch.empty, units.first) }
            let (wanted, end) = answer.wanted(all)
            guard let lastWanted = wanted.last else { return (Fetch.empty, end) }
            let fetch = try reader.fetch(wanted, maxBytes: 4 << 20)
            _ = fetch.filtered(limit: .max) { view in
                answer.filter.passesAll || answer.filter.passes(PropertyScan(view.properties).tags?.text)
            }
            return (fetch, fetch.next > lastWanted.offset ? end : fetch.next)
        }
        answer.count(fetch)
        var sent = answer
        sent.next = next
        return Self.answer(WireResponse(.pulled(sent)) ?? .done, fetch.withBytes { Array($0) })
    }

    private static func answer(_ response: WireResponse, _ bytes: [UInt8] = []) -> Frame {
        let json = (try? JSONEncoder().encode(response)).map(Array.init) ?? []
        return Frame(code: ResponseCode.success, body: ExtensionFrame.body(json: json, bytes: bytes))
    }
}

extension Service {
    /// A batch of our own clients: handed over at once, since batches of a connection keep their order.
    func publishExtension(_ connection: RemotingConnection, _ body: UnsafeRawBufferPointer) {
        connection.submitOpen()
        guard let (_, bytes) = ExtensionFrame.parts(Array(body)),
            let batch = PublishBatch(Array(bytes), bornHost: connection.bornHost)
        else {
            return refuse(connection, ResponseCode.systemError, "the batch is damaged: its lengths do not agree")
        }
        let (opaque, type) = (connection.header.opaque, connection.header.type)
        let source = OneBatch(batch)
        source.onFinished { [inbox] in
            inbox.add(
                .work {
                    connection.send(
                        Frame(
                            code: ResponseCode.success, flag: FrameFlag.response, opaque: opaque,
                            body: ExtensionFrame.body(json: [], bytes: batch.encodedResults()), type: type))
                })
        }
        host.submit(.publish(source)) { _ in }
    }
}

extension RemotingConnection {
    /// Tells a client of our own what the broker says unasked.
    func push(_ push: ServerPush) {
        guard let (json, bytes) = WirePush.encode(push) else { return }
        var frame = ExtensionFrame.request(.push, json: json, bytes: bytes)
        frame.flag = FrameFlag.oneway
        send(frame)
    }
}
