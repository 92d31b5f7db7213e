import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization

/// Messages that go to one queue in one frame, and what becomes of them.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class SendFrame: AnswerTaker, @unchecked Sendable {
    private let publisher: Publisher
    let topic: String
    let members: [SendMember]
    let route: Route
    /// The queue its producer chose; nil where any will do.
    let chosen: Route.Place?
    let lane: Publisher.LaneKey?
    var place = Route.Place(broker: 0, queue: 0)
    var address = ""
    /// Brokers it was sent to.
    var tried: [Int] = []

    init(
        _ publisher: Publisher, _ topic: String, _ members: [SendMember], _ route: Route, chosen: Route.Place? = nil,
        lane: Publisher.LaneKey? = nil
    ) {
        self.publisher = publisher
        self.topic = topic
        self.members = members
        self.route = route
        self.chosen = chosen
        self.lane = lane
    }

    /// Stored, though the disk or the slave has not yet said so (remoting frame, 12).
    private static let storedCodes: Set<Int32> = [0, 10, 11, 12]
    /// The broker has not stored it, and another one may (the codes that RocketMQ's own producers go on with).
    private static let retriedCodes: Set<Int32> = [
        ResponseCode.systemError, ResponseCode.systemBusy, ResponseCode.serviceNotAvailable, ResponseCode.noPermission,
        ResponseCode.topicNotExist,
    ]

    func answered(_ index: Int, _ header: HeaderReader, _ body: UnsafeRawBufferPointer) {
        guard Self.storedCodes.contains(header.code) else {
            let error = APIError(code: header.code, remark: header.remark, of: address)
            return failed(error, mayGoElsewhere: Self.retriedCodes.contains(header.code))
        }
        guard let queue = header["queueId"]?.int32, let offset = header["queueOffset"]?.integer,
            let ids = header["msgId"]?.text.utf8.split(separator: UInt8(ascii: ",")), ids.count == members.count,
            (0..<65_536).contains(queue)
        else {
            return giveUp(
                APIError(
                    .failed,
                    "the broker at \(address) took the message, but its answer does not say where: look for it before sending it again"
                ))
        }
        let number = ClusterQueue.number(broker: place.broker, queue: Int(queue))
        for (position, member) in members.enumerated() {
            let (host, physicalOffset) = Self.parts(ids[position])
            member.out.batch.wasStored(
                Int(member.index), queue: number, queueOffset: offset &+ Int64(position),
                physicalOffset: physicalOffset, at: host)
        }
        if route.isTemplate { publisher.routes.doubt(topic) }
        publisher.finished(self)
    }

    /// Host and place that an id names: 32 digits, or 56 where the host has an IPv6 address, which is not told then.
    /// By bytes: this is done for each message that is sent.
    private static func parts(_ id: Substring.UTF8View) -> (HostAddress, Int64) {
        let offset = number(id.suffix(16)).map { Int64(bitPattern: $0) } ?? -1
        guard id.count == 32, let address = number(id.prefix(8)), let port = number(id.dropFirst(8).prefix(8)) else {
            return (HostAddress(address: 0, port: 0), offset)
        }
        return (
            HostAddress(address: UInt32(truncatingIfNeeded: address), port: UInt32(truncatingIfNeeded: port)), offset
        )
    }

    /// Of up to 16 hexadecimal digits; nil where there is another character, or none.
    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt64(digit - UInt8(ascii: "A") + 10)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return digits.isEmpty ? nil : value
    }

    func failed(_ index: Int, _ failure: CallFailure) {
        publisher.routes.doubt(topic)
        guard failure.isSent else { return failed(failure.error, mayGoElsewhere: true) }
        // Sent once more it could be stored twice, and nobody would know.
        var error = APIError(
            failure.error.code,
            failure.error.message + "; the message may have been stored there: look for it before sending it again")
        error.mayBeDone = true
        giveUp(error)
    }

    private func failed(_ error: APIError, mayGoElsewhere: Bool) {
        publisher.routes.doubt(topic)
        guard mayGoElsewhere, chosen == nil, tried.count < Publisher.mostAttempts,
            route.parts.contains(where: { !tried.contains($0.broker) && $0.permission.contains(.write) })
        else { return giveUp(error) }
        publisher.send(self)
    }

    func giveUp(_ error: APIError) {
        for member in members { member.out.batch.wasRefused(Int(member.index), error) }
        publisher.finished(self)
    }
}
