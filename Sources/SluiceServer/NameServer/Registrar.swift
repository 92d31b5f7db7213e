import Logging
import NIOCore
import NIOPosix
import SluiceAPI
import SluiceBroker
import SluiceMessage
import SluiceRemoting

/// Registers the broker with name servers elsewhere, as any RocketMQ broker does: every 30 s and after each change of its
/// topics, over a connection that is kept, since a name server drops a broker whose connection closes (requests, 5).
///
/// `@unchecked Sendable`: touched on the event loop only.
final class Registrar: @unchecked Sendable {
    private let service: Service
    private let group: any EventLoopGroup
    private var channels: [SocketPlace: any Channel] = [:]
    private var told: UInt64?
    private var nextTime = NIODeadline.now()

    /// Seconds between two registrations without a change.
    private static let period: Int64 = 30

    init(_ service: Service, _ group: any EventLoopGroup) {
        self.service = service
        self.group = group
    }

    func begin() {
        service.loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { [self] _ in look() }
    }

    private func look() {
        service.ask(.configs) { [self] response in
            guard case .configs(let configs) = response else { return }
            guard configs.topicsGeneration != told || NIODeadline.now() >= nextTime else { return }
            told = configs.topicsGeneration
            nextTime = .now() + .seconds(Self.period)
            let frame = registration(configs)
            for place in service.options.registerWith { send(frame, to: place) }
        }
    }

    /// Tells every name server that the broker goes.
    func end() {
        let options = service.options
        let fields: [Frame.Field] = [
            .init("brokerAddr", options.advertised), .init("brokerId", "0"), .init("brokerName", options.brokerName),
            .init("clusterName", options.cluster),
        ]
        let frame = Frame(code: RequestCode.unregisterBroker, opaque: 1, fields: fields)
        for channel in channels.values {
            channel.writeAndFlush(ByteBuffer(bytes: frame.encoded()), promise: nil)
        }
    }

    private func registration(_ configs: Configs) -> Frame {
        let options = service.options
        var topics = configs.topics.filter(\.isTold)
        if options.autoCreateTopics {
            topics.append(
                TopicConfig(
                    name: TopicName.template, readQueues: Broker.templateQueues, writeQueues: Broker.templateQueues,
                    permission: [.read, .write, .inherit]))
        }
        let table = topics.map { JSONValue.Pair(.string($0.name), $0.json) }
        let body = JSONValue.fields([
            "filterServerList": .array([]),
            "topicConfigSerializeWrapper": .fields([
                "dataVersion": service.dataVersion(configs.topicsGeneration), "topicConfigTable": .object(table),
            ]),
        ]).encoded()
        let sum = body.withUnsafeBytes { Record.bodyCRC($0) }
        let parts = options.advertised.split(separator: ":")
        let highAvailability = "\(parts.first ?? ""):\((parts.last.flatMap { Int($0) } ?? 0) + 1)"
        return Frame(
            code: RequestCode.registerBroker, opaque: 1,
            fields: [
                .init("bodyCrc32", String(sum)), .init("brokerAddr", options.advertised), .init("brokerId", "0"),
                .init("brokerName", options.brokerName), .init("clusterName", options.cluster),
                .init("compressed", "false"), .init("haServerAddr", highAvailability),
            ], body: body)
    }

    private func send(_ frame: Frame, to place: SocketPlace) {
        let bytes = ByteBuffer(bytes: frame.encoded())
        if let channel = channels[place], channel.isActive { return channel.writeAndFlush(bytes, promise: nil) }
        ClientBootstrap(group: group)
            .connectTimeout(.seconds(3))
            .channelInitializer { [service] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RegistrationAnswers(service, place))
                }
            }
            .connect(host: place.host, port: place.port)
            .whenComplete { [self] result in
                switch result {
                case .success(let channel):
                    channels[place] = channel
                    channel.writeAndFlush(bytes, promise: nil)
                case .failure(let error):
                    service.logger.warning("name server \(place.text) cannot be reached, tried again in 30 s: \(error)")
                }
            }
    }
}

/// Looks at what a name server answers, to say so when it refuses.
private final class RegistrationAnswers: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let service: Service
    private let place: SocketPlace
    private let header = HeaderReader()
    private var held = ByteBuffer()

    init(_ service: Service, _ place: SocketPlace) {
        self.service = service
        self.place = place
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        held.writeBuffer(&incoming)
        let used = held.withUnsafeReadableBytes { raw -> Int in
            var at = 0
            while case .frame(let type, let headerRange, let bodyRange) = FrameScanner.scan(
                UnsafeRawBufferPointer(rebasing: raw[at...]))
            {
                look(
                    UnsafeRawBufferPointer(
                        rebasing: raw[(at + headerRange.lowerBound)..<(at + headerRange.upperBound)]), type)
                at += bodyRange.upperBound
            }
            return at
        }
        held.moveReaderIndex(forwardBy: used)
        if held.readableBytes == 0 { held.clear() }
        // Nothing that a name server says is larger: it is none.
        if held.readableBytes > 1 << 20 { context.close(promise: nil) }
    }

    private func look(_ bytes: UnsafeRawBufferPointer, _ type: HeaderType) {
        do throws(JSONError) {
            try header.read(bytes, type)
        } catch {
            return service.logger.warning(
                "name server \(place.text) answered with something that cannot be read: \(error)")
        }
        guard header.code != ResponseCode.success else { return }
        service.logger.warning(
            "name server \(place.text) refused the broker: \(header.remark ?? "code \(header.code)")")
    }
}
