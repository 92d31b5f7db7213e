import NIOCore
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting
import SluiceStorage
import Synchronization

/// What brokers ask of their clients (requests, 3).
extension ClusterConnection: NetworkListener {
    func requested(_ peer: RemotePeer, _ request: Frame) {
        switch request.code {
        case RequestCode.notifyConsumerIDsChanged:
            guard let group = request["consumerGroup"] else { return }
            clients.tell(group: group, .membersChanged(group: group))
        case RequestCode.checkTransactionState: check(peer, request)
        case RequestCode.resetConsumerClientOffset: reset(peer, request)
        case RequestCode.getConsumerRunningInfo: tellRunning(peer, request)
        default: ClusterNetwork.refuse(request, over: peer)
        }
    }

    func connected(_ peer: RemotePeer) {
        clients.connected(peer)
        routes.doubtAll()
        // What could not be asked before may have another answer now.
        let isKnown = network.directory.withLock { $0.kind(of: peer.address) } != nil
        if !isKnown, network.knownBrokers.contains(where: { $0.address == peer.address }) {
            Task { _ = try? await self.network.brokers(refresh: true) }
        }
    }

    func disconnected(_ peer: RemotePeer) { routes.doubtAll() }
    func isWanted(_ peer: RemotePeer) -> Bool { clients.isWanted(peer) }

    func tick(_ now: NIODeadline) {
        clients.tick(now)
        // What is subscribed to is looked at as soon as it is due, so that new queues are shared out at once.
        for topic in clients.subscribedTopics { routes.route(of: topic, isFresh: true) { _ in } }
    }

    private func number(of peer: RemotePeer) -> Int? {
        network.knownBrokers.first { $0.address == peer.address }?.index
    }

    /// How did this transaction end? The half message comes as a record.
    private func check(_ peer: RemotePeer, _ request: Frame) {
        guard let broker = number(of: peer), let queueOffset = request.integer("tranStateTableOffset"),
            let physicalOffset = request.integer("commitLogOffset"),
            let fetch = try? request.body.withUnsafeBytes({ body throws(APIError) in
                try WireRecords.fetch(body, next: 0, broker: broker)
            }),
            var half = fetch.messages().first, let group = half.property(PropertyName.producerGroup)
        else { return }
        half.physicalOffset = physicalOffset
        clients.tell(
            producerGroup: group, lane: peer.lane, .checkTransaction(half: half, queueOffset: queueOffset))
    }

    /// An operator moved a group's offsets on one topic.
    private func reset(_ peer: RemotePeer, _ request: Frame) {
        guard let broker = number(of: peer), let group = request["group"], let topic = request["topic"],
            let table = (try? request.json())?["offsetTable"]
        else { return }
        var offsets: [QueueID: Int64] = [:]
        for pair in table.pairs {
            // The key is the queue itself, or (some versions of fastjson) its text.
            let key = pair.key.text.flatMap { try? JSONParser.parse(Array($0.utf8)) } ?? pair.key
            guard let queue = Self.queue(key, broker), let offset = pair.value.integer, offset >= 0 else { continue }
            offsets[queue] = offset
        }
        clients.tell(group: group, .offsetsReset(group: group, topic: topic, offsets: offsets))
    }

    /// What a consumer says of itself: what it is subscribed to. Its queues are its own affair and are not told.
    private func tellRunning(_ peer: RemotePeer, _ request: Frame) {
        guard let id = request["clientId"], let client = clients.clients[id] else {
            return ClusterNetwork.refuse(request, over: peer)
        }
        let body = JSONValue.fields([
            "mqTable": .object([]),
            "properties": .table([
                ("PROP_NAMESERVER_ADDR", network.options.nameServers.joined(separator: ";")),
                ("PROP_CONSUME_TYPE", client.registration.consumeType), ("PROP_CLIENT_VERSION", "V4_9_8"),
                ("PROP_CONSUMER_START_TIMESTAMP", String(client.since)),
            ]),
            "statusTable": .object([]), "subscriptionSet": .array(ClientRegistry.subscriptions(client)),
        ])
        peer.send(
            unanswered: Frame(
                code: ResponseCode.success, flag: FrameFlag.response, opaque: request.opaque, body: body.encoded(),
                type: request.type))
    }
}
