import SluiceAPI
import SluiceMessage
import SluiceStorage

/// An answer as it goes back to another process; records go behind it as bytes.
public enum WireResponse: Codable, Sendable {
    case done
    case failed(APIError)
    case pulled(WirePulled)
    case members([String])
    case queues([QueueID])
    case committed([Int64?])
    case offset(Int64)
    case outcome(ResolutionOutcome)
    case broker(BrokerStatus)
    case flow([FlowSample])
    case topics([TopicSummary])
    case topic(TopicStatus)
    case groups([GroupSummary])
    case group(GroupStatus)
    case delays(DelayPage)
    case histogram(DelayHistogram)
    case halves(HalfPage)
    case half(HalfMessage)
    case acted(ActionOutcome)
    case told(OperatorAnswer)
    /// Records were read; where to go on.
    case records(next: Int64)

    /// Nil for what does not go this way. A pull's records have to be read first.
    public init?(_ response: Response) {
        switch response {
        case .done: self = .done
        case .failed(let error): self = .failed(error)
        case .pulled(let answer): self = .pulled(WirePulled(answer))
        case .members(let names): self = .members(names)
        case .queues(let queues): self = .queues(queues)
        case .committed(let offsets): self = .committed(offsets)
        case .offset(let offset): self = .offset(offset)
        case .outcome(let outcome): self = .outcome(outcome)
        case .broker(let status): self = .broker(status)
        case .flow(let samples): self = .flow(samples)
        case .topics(let topics): self = .topics(topics)
        case .topic(let status): self = .topic(status)
        case .groups(let groups): self = .groups(groups)
        case .group(let status): self = .group(status)
        case .delays(let page): self = .delays(page)
        case .histogram(let histogram): self = .histogram(histogram)
        case .halves(let page): self = .halves(page)
        case .half(let half): self = .half(half)
        case .acted(let outcome): self = .acted(outcome)
        case .told(let answer): self = .told(answer)
        default: return nil
        }
    }

    /// The answer for a client; `records` are the bytes that came behind it.
    public func response(_ records: UnsafeRawBufferPointer) -> Response {
        switch self {
        case .done: .done
        case .failed(let error): .failed(error)
        case .pulled(let pulled): .pulled(pulled.answer(records))
        case .members(let names): .members(names)
        case .queues(let queues): .queues(queues)
        case .committed(let offsets): .committed(offsets)
        case .offset(let offset): .offset(offset)
        case .outcome(let outcome): .outcome(outcome)
        case .broker(let status): .broker(status)
        case .flow(let samples): .flow(samples)
        case .topics(let topics): .topics(topics)
        case .topic(let status): .topic(status)
        case .groups(let groups): .groups(groups)
        case .group(let status): .group(status)
        case .delays(let page): .delays(page)
        case .histogram(let histogram): .histogram(histogram)
        case .halves(let page): .halves(page)
        case .half(let half): .half(half)
        case .acted(let outcome): .acted(outcome)
        case .told(let answer): .told(answer)
        case .records(let next): .fetched(Fetch(records, next: next))
        }
    }
}

/// ``PullAnswer`` as it is sent.
public struct WirePulled: Codable, Sendable {
    var status: PullAnswer.Status
    public var next: Int64
    var minOffset: Int64
    var maxOffset: Int64

    init(_ answer: PullAnswer) {
        status = answer.status
        next = answer.next
        minOffset = answer.minOffset
        maxOffset = answer.maxOffset
    }

    func answer(_ records: UnsafeRawBufferPointer) -> PullAnswer {
        PullAnswer(
            status: status, next: next, minOffset: minOffset, maxOffset: maxOffset, units: nil, reader: nil,
            fetched: status == .found ? Fetch(records, next: next) : nil, filter: .all, delivered: [],
            damaged: DeliveryCounter())
    }
}
