import CSluice
import DequeModule
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import Synchronization

/// A batch on its way, until each of its entries has its result.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class OutgoingBatch: @unchecked Sendable {
    let batch: PublishBatch
    let source: any PublishSource
    var left: Int
    /// Properties that are sent in place of an entry's own.
    var replaced: [Int32: [UInt8]] = [:]

    init(_ batch: PublishBatch, _ source: any PublishSource) {
        self.batch = batch
        self.source = source
        left = batch.count
    }
}

/// An entry of a batch.
struct SendMember {
    let out: OutgoingBatch
    let index: Int32
}

/// Sends messages: takes batches from their producers as long as the window has room, puts what goes to one queue into
/// one frame, and goes to another broker where one fails before it had the message.
///
/// `@unchecked Sendable`: touched on the event loop only.
final class Publisher: @unchecked Sendable {
    let network: ClusterNetwork
    let routes: RouteTable
    private var sources: Deque<any PublishSource> = []
    private var inFlight = 0
    private var turn = Int.random(in: 0..<1_024)
    private var lanes: [LaneKey: Lane] = [:]

    /// Messages that wait for their answer before batches are left with their producers.
    private static let window = 8_192
    /// What one frame may hold.
    static let mostMembers = 256
    static let mostBytes = 512 << 10
    /// Fewer messages than this are not worth being spread over several queues.
    private static let fewestMembers = 16
    static let mostAttempts = 3

    struct LaneKey: Hashable {
        let topic: String
        let place: Route.Place
    }

    /// A queue of a stock broker, which handles a connection's requests side by side: one frame at a time keeps the order.
    private struct Lane {
        var waiting: Deque<(member: SendMember, isBatchable: Bool)> = []
        var isBusy = false
        var isPumped = false
    }

    init(_ network: ClusterNetwork, _ routes: RouteTable) {
        self.network = network
        self.routes = routes
    }

    func take(_ source: any PublishSource) {
        guard inFlight < Self.window else { return sources.append(source) }
        guard let batch = source.take() else { return }
        let out = OutgoingBatch(batch, source)
        inFlight += batch.count
        var byTopic: [Int32: [Int32]] = [:]
        if batch.topics.count == 1 {
            byTopic[0] = Array(0..<Int32(batch.count))
        } else {
            for index in 0..<batch.count { byTopic[batch.entries[index].topic, default: []].append(Int32(index)) }
        }
        for (number, indices) in byTopic {
            let topic = batch.topics[Int(number)]
            routes.publishRoute(of: topic) { [self] result in
                switch result {
                case .success(let route): share(out, indices, topic, route)
                case .failure(let error): for index in indices { refuse(SendMember(out: out, index: index), error) }
                }
            }
        }
    }

    // MARK: Sharing out

    private func share(_ out: OutgoingBatch, _ indices: [Int32], _ topic: String, _ route: Route) {
        let kinds = network.directory.withLock { directory in
            Dictionary(route.parts.map { ($0.broker, directory.kind(of: $0.address)) }) { $1 }
        }
        // A broker that has not told its kind may be one that delivers an exact delay at once.
        let hasOld = kinds.values.contains { ($0 ?? .rocketmq4) == .rocketmq4 }
        let isPlainTopic = !topic.hasPrefix(TopicName.retryPrefix) && !topic.hasPrefix(TopicName.deadLetterPrefix)
        var gathered: [SendMember] = []
        for index in indices {
            let member = SendMember(out: out, index: index)
            let entry = out.batch.entries[Int(index)]
            var isBatchable = isPlainTopic && entry.systemFlag == 0 && entry.reconsumeTimes == 0
            if let error = prepare(member, hasOld: hasOld, &isBatchable) {
                refuse(member, error)
                continue
            }
            if entry.queue >= 0 {
                pinned(member, isBatchable, topic, route, kinds)
            } else if isBatchable {
                gathered.append(member)
            } else {
                send(SendFrame(self, topic, [member], route))
            }
        }
        flushOpen()
        let each = max(Self.fewestMembers, (gathered.count + route.writable.count - 1) / max(1, route.writable.count))
        for part in Self.parts(gathered, most: min(each, Self.mostMembers)) {
            send(SendFrame(self, topic, part, route))
        }
    }

    /// Looks at what the properties ask for; an error where the broker would not do it.
    private func prepare(_ member: SendMember, hasOld: Bool, _ isBatchable: inout Bool) -> APIError? {
        member.out.batch.withEntry(Int(member.index)) { properties, body in
            let scan = PropertyScan(properties)
            if scan.isDelayed || scan.isTransaction || properties.count > Int(UInt16.max) / 2
                || body.count > Self.mostBytes / 4
            {
                isBatchable = false
            }
            guard hasOld, scan.isDelayed else { return nil }
            do throws(APIError) {
                member.out.replaced[member.index] = try DelayForm.old(
                    properties, scan, now: sluice_wall_milliseconds())
                return nil
            } catch {
                return error
            }
        }
    }

    /// Cuts a list into pieces that fit into frames.
    private static func parts(_ members: [SendMember], most: Int) -> [[SendMember]] {
        var parts: [[SendMember]] = []
        var part: [SendMember] = []
        var bytes = 0
        for member in members {
            let size = member.out.batch.size(Int(member.index))
            if !part.isEmpty, part.count >= most || bytes + size > mostBytes {
                parts.append(part)
                part = []
                bytes = 0
            }
            part.append(member)
            bytes += size
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    // MARK: Chosen queues

    /// The frame that is being filled for a queue of our own brokers.
    private var open: (topic: String, route: Route, place: Route.Place, members: [SendMember], bytes: Int)?

    private func pinned(
        _ member: SendMember, _ isBatchable: Bool, _ topic: String, _ route: Route, _ kinds: [Int: BrokerKind?]
    ) {
        let number = Int(member.out.batch.entries[Int(member.index)].queue)
        let place = Route.Place(broker: ClusterQueue.broker(number), queue: ClusterQueue.queue(number))
        guard let part = route.part(place.broker), part.permission.contains(.write),
            place.queue < part.writeQueues || route.isTemplate
        else {
            return refuse(
                member, APIError(.notFound, "topic \(topic) has no queue \(number) that can be written to now"))
        }
        guard kinds[place.broker] == .sluice else {
            let key = LaneKey(topic: topic, place: place)
            lanes[key, default: Lane()].waiting.append((member, isBatchable))
            return pump(key, route)
        }
        let size = member.out.batch.size(Int(member.index))
        if let current = open,
            !isBatchable || current.place != place || current.topic != topic
                || current.members.count >= Self.mostMembers || current.bytes + size > Self.mostBytes
        {
            flushOpen()
        }
        guard isBatchable else { return send(SendFrame(self, topic, [member], route, chosen: place)) }
        if open == nil { open = (topic, route, place, [], 0) }
        open?.members.append(member)
        open?.bytes += size
    }

    private func flushOpen() {
        guard let current = open else { return }
        open = nil
        send(SendFrame(self, current.topic, current.members, current.route, chosen: current.place))
    }

    private func pump(_ key: LaneKey, _ route: Route) {
        guard lanes[key]?.isPumped == false else { return }
        lanes[key]?.isPumped = true
        while lanes[key]?.isBusy == false, let members = next(key) {
            lanes[key]?.isBusy = true
            send(SendFrame(self, key.topic, members, route, chosen: key.place, lane: key))
        }
        lanes[key]?.isPumped = false
        if let lane = lanes[key], !lane.isBusy, lane.waiting.isEmpty { lanes[key] = nil }
    }

    /// What can go together from the front of a queue.
    private func next(_ key: LaneKey) -> [SendMember]? {
        guard let first = lanes[key]?.waiting.popFirst() else { return nil }
        var members = [first.member]
        var bytes = first.member.out.batch.size(Int(first.member.index))
        while first.isBatchable, members.count < Self.mostMembers, let next = lanes[key]?.waiting.first,
            next.isBatchable
        {
            bytes += next.member.out.batch.size(Int(next.member.index))
            guard bytes <= Self.mostBytes else { break }
            members.append(next.member)
            _ = lanes[key]?.waiting.popFirst()
        }
        return members
    }

    // MARK: Frames

    func send(_ frame: SendFrame) {
        guard let (place, part) = choose(frame) else {
            return frame.giveUp(
                APIError(.unavailable, "topic \(frame.topic) has no queue that can be written to now"))
        }
        frame.place = place
        frame.address = part.address
        frame.tried.append(place.broker)
        let sign =
            network.options.credentials == nil
            ? nil : { [network] (request: Frame) in network.signed(request, for: part.address) }
        let encoder = SendEncoder(topic: frame.topic, queue: place.queue, sign: sign)
        network.peer(part.address).send(milliseconds: network.options.requestMilliseconds, frame, 0) { opaque, out in
            if frame.members.count == 1, let only = frame.members.first {
                encoder.single(
                    only.out.batch, Int(only.index), properties: only.out.replaced[only.index], opaque, &out)
            } else {
                encoder.several(frame.members, opaque, &out)
            }
        }
    }

    /// The queue asked for, or the next one: of a broker that was not tried yet and can be reached, if there is one.
    private func choose(_ frame: SendFrame) -> (Route.Place, Route.Part)? {
        if let chosen = frame.chosen { return frame.route.part(chosen.broker).map { (chosen, $0) } }
        let places = frame.route.writable
        guard !places.isEmpty else { return nil }
        turn &+= 1
        var fallback: (Route.Place, Route.Part)?
        for step in 0..<places.count {
            let place = places[((turn &+ step) & Int.max) % places.count]
            guard let part = frame.route.part(place.broker) else { continue }
            if frame.tried.contains(place.broker) {
                continue
            } else if network.peer(part.address).isPaused {
                fallback = fallback ?? (place, part)
            } else {
                return (place, part)
            }
        }
        return fallback
            ?? frame.route.part(places[(turn & Int.max) % places.count].broker).map {
                (places[(turn & Int.max) % places.count], $0)
            }
    }

    /// A frame's members have their results, and its queue may go on.
    func finished(_ frame: SendFrame) {
        for member in frame.members { settled(member) }
        if let key = frame.lane {
            lanes[key]?.isBusy = false
            pump(key, frame.route)
        }
        while inFlight < Self.window, let source = sources.popFirst() { take(source) }
    }

    private func refuse(_ member: SendMember, _ error: APIError) {
        member.out.batch.wasRefused(Int(member.index), error)
        settled(member)
    }

    private func settled(_ member: SendMember) {
        inFlight -= 1
        member.out.left -= 1
        if member.out.left == 0 { member.out.source.finished(member.out.batch) }
    }
}
