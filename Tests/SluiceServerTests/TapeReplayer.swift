import Foundation
import SluiceRemoting
import SluiceTapes

/// Plays the client side of a tape against servers of ours, and compares what they say.
///
/// Events are played in their order: a request is sent when its turn has come, and for an answer, or a request from the
/// server, it is waited at its place on the tape. Used by one thread.
final class TapeReplayer {
    let tape: Tape
    let frames: [TapedFrame]
    let mapping: TapeMapping
    let differences: TapeDifferences
    /// Our port for a peer of the tape.
    private let port: (String) -> Int
    /// Clients that are connected when the tape begins: chosen by what a connection without a beginning carries.
    var present: (TapedFrame) -> TapeConnection? = { _ in nil }
    /// Called in front of every request to the name server.
    var beforeNameServer: () throws -> Void = {}

    private(set) var findings: [TapeFinding] = []
    /// Connections by their numbers on the tape, and those that the tape closed.
    private(set) var connections: [Int: TapeConnection] = [:]
    private(set) var ended: Set<Int> = []
    /// Opaques that our server gave its own requests, by the index of the recorded one.
    private var pushed: [Int: Int32] = [:]
    private var shift: Int64 = 0
    /// Frames by the index of their event.
    private let byEvent: [Int: Int]

    init(
        _ tape: Tape, mapping: TapeMapping, differences: TapeDifferences, port: @escaping (String) -> Int
    ) throws {
        self.tape = tape
        self.mapping = mapping
        self.differences = differences
        self.port = port
        let frames = try tape.frames()
        self.frames = frames
        byEvent = Dictionary(uniqueKeysWithValues: frames.indices.map { (frames[$0].event, $0) })
    }

    /// What differs, beyond what is meant to.
    func run() throws -> [TapeFinding] {
        shift = Self.now - tape.meta.startedMs
        for (index, event) in tape.events.enumerated() {
            switch event.content {
            case .opened: connections[event.connection] = try TapeConnection(port: port(event.peer))
            case .closed: close(event)
            case .bytes(let bytes, _):
                let connection = try connection(event, byEvent[index].map { frames[$0] })
                if let frame = byEvent[index] {
                    try play(frame, bytes, connection)
                } else {
                    connection.send(bytes)
                }
            }
        }
        leftOver()
        return findings
    }

    private func connection(_ event: Tape.Event, _ frame: TapedFrame?) throws -> TapeConnection {
        if let known = connections[event.connection] { return known }
        let connection = try frame.flatMap(present) ?? TapeConnection(port: port(event.peer))
        connections[event.connection] = connection
        return connection
    }

    private func close(_ event: Tape.Event) {
        guard let connection = connections[event.connection] else { return }
        ended.insert(event.connection)
        if event.isFromClient {
            connection.close()
        } else if !connection.isClosed(within: 3_000) {
            find("the connection stays open", event.milliseconds, event.connection, nil)
        }
    }

    private func play(_ index: Int, _ bytes: [UInt8], _ connection: TapeConnection) throws {
        let taped = frames[index]
        switch (taped.isFromClient, taped.isRequest) {
        case (true, true):
            if taped.peer == "namesrv" { try beforeNameServer() }
            send(index, bytes, connection)
        case (true, false): answer(index, connection)
        case (false, true): expectRequest(index, connection)
        case (false, false): expectAnswer(index, connection)
        }
    }

    /// Epoch ms.
    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    // MARK: From the client

    /// Sends a recorded request: its bytes, unless something in it depends on the run.
    private func send(_ index: Int, _ bytes: [UInt8], _ connection: TapeConnection) {
        let frame = request(index)
        connection.send(frame == frames[index].frame ? bytes : frame.encoded())
        // What comes behind it over other connections must not overtake it.
        guard frames[index].partner != nil, !waits(frame) else { return }
        _ = connection.has(within: 5_000) { $0.isResponse && $0.opaque == frame.opaque }
    }

    /// True for requests that may wait for something that comes later on the tape.
    private func waits(_ request: Frame) -> Bool {
        switch request.code {
        case RequestCode.pullMessage, RequestCode.litePullMessage:
            request.integer("sysFlag").map { $0 & 2 != 0 } ?? true
        case RequestCode.getConsumerRunningInfo, RequestCode.consumeMessageDirectly, RequestCode.sendReplyMessageV2:
            true
        default: false
        }
    }

    private func request(_ index: Int) -> Frame {
        let taped = frames[index]
        let distance = Self.now - tape.meta.startedMs - taped.milliseconds
        var frame = mapping.request(taped, shift: shift, distance: distance)
        if runsOut(index), let field = frame.fields?.firstIndex(where: { $0.name == "suspendTimeoutMillis" }) {
            frame.fields?[field].value = "300"
        }
        return frame == taped.frame ? frame : signed(frame)
    }

    /// True for a pull that waited on the tape until its time was over: nobody has to wait as long again.
    private func runsOut(_ index: Int) -> Bool {
        let taped = frames[index]
        guard taped.frame.code == RequestCode.pullMessage || taped.frame.code == RequestCode.litePullMessage,
            let wait = taped.frame.integer("suspendTimeoutMillis"), let partner = taped.partner
        else { return false }
        let answer = frames[partner]
        return answer.frame.code == ResponseCode.pullNotFound
            && answer.milliseconds - taped.milliseconds >= min(wait, 4_000)
    }

    /// A request that was changed, signed anew where it was signed.
    private func signed(_ frame: Frame) -> Frame {
        let key = frame[Signature.accessKeyField]
        guard let account = tape.meta.acl?.accounts.first(where: { $0.accessKey == key }) else { return frame }
        return frame.signed(by: account)
    }

    /// A client's answer to a request of the server.
    private func answer(_ index: Int, _ connection: TapeConnection) {
        var frame = frames[index].frame
        guard let asked = frames[index].partner, let opaque = pushed[asked] else { return }
        frame.opaque = opaque
        connection.send(frame.encoded())
    }

    // MARK: From the server

    private func expectAnswer(_ index: Int, _ connection: TapeConnection) {
        let recorded = frames[index].frame
        // 25 says that a pull overtook its heartbeat in the broker's threads, which it need not do here.
        guard let asked = frames[index].partner, recorded.code != ResponseCode.subscriptionNotLatest else { return }
        let taped = frames[asked]
        let isLong = taped.frame.code == RequestCode.pullMessage || taped.frame.code == RequestCode.litePullMessage
        func receive() -> Frame? {
            connection.receive(within: isLong ? 10_000 : 5_000) { $0.isResponse && $0.opaque == taped.frame.opaque }
        }
        var ours = receive()
        var found = self.found(recorded, ours, taped)
        // What went before over other connections may take a moment: then the same is asked again.
        let deadline = ContinuousClock.now + .seconds(2)
        while !found.isEmpty, ours != nil, Self.isRead(taped.frame), ContinuousClock.now < deadline {
            connection.send(request(asked).encoded())
            ours = receive()
            found = self.found(recorded, ours, taped)
        }
        if let ours { mapping.learn(recorded, ours, request: taped.frame, from: taped.peer) }
        for difference in found { find(difference, frames[index].milliseconds, taped.connection, taped.frame) }
    }

    private static func isRead(_ request: Frame) -> Bool {
        switch request.code {
        case RequestCode.pullMessage: request.integer("sysFlag").map { $0 & 3 == 0 } ?? false
        case RequestCode.getMaxOffset, RequestCode.queryMessage, RequestCode.queryConsumeQueue: true
        default: false
        }
    }

    private func found(_ recorded: Frame, _ ours: Frame?, _ taped: TapedFrame) -> [String] {
        guard let ours else { return remaining(["no answer, recorded was \(recorded.code)"], taped.frame.code) }
        var found = TapeComparison(recorded: recorded, ours: ours, code: taped.frame.code).differences
        // Ours keep to the form of the request; RocketMQ's do so most of the time.
        if ours.type != taped.frame.type { found.append("header type") }
        return remaining(found, taped.frame.code)
    }

    private func remaining(_ found: [String], _ code: Int32) -> [String] {
        found.filter { !differences.allows($0, code: code, in: tape.name) }
    }

    private func expectRequest(_ index: Int, _ connection: TapeConnection) {
        let taped = frames[index]
        let recorded = taped.frame
        let ours = connection.receive(within: recorded.code == RequestCode.notifyConsumerIDsChanged ? 2_000 : 15_000) {
            // Halves are asked about in any order.
            !$0.isResponse && $0.code == recorded.code
                && (recorded.code != RequestCode.checkTransactionState || $0["msgId"] == recorded["msgId"])
        }
        guard let ours else {
            for difference in remaining(["not sent"], recorded.code) {
                find(difference, taped.milliseconds, taped.connection, recorded)
            }
            return
        }
        pushed[index] = ours.opaque
        mapping.learn(recorded, ours, request: recorded, from: taped.peer)
        var found = TapeComparison(recorded: recorded, ours: ours, code: recorded.code).differences
        if ours.type != .json { found.append("header type") }
        for difference in remaining(found, recorded.code) {
            find(difference, taped.milliseconds, taped.connection, recorded)
        }
    }

    /// What came that the tape does not have: only notices to members may, and answers it no longer saw.
    private func leftOver() {
        for (number, connection) in connections {
            for frame in connection.inbox
            where !frame.isResponse && frame.code != RequestCode.notifyConsumerIDsChanged {
                find("not on the tape", tape.events.last?.milliseconds ?? 0, number, frame)
            }
        }
    }

    private func find(_ difference: String, _ milliseconds: Int64, _ connection: Int, _ request: Frame?) {
        let fields = (request?.fields ?? []).filter { $0.name != "i" && $0.name != "properties" }
        findings.append(
            TapeFinding(
                tape: tape.name, milliseconds: milliseconds, connection: connection, code: request?.code ?? 0,
                request: fields.map { "\($0.name)=\($0.value.prefix(60))" }.joined(separator: " "),
                difference: difference))
    }
}
