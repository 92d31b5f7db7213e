import SluiceAPI

/// The brokers behind this connection.
enum BrokersScreen {
    private static let columns = [
        Column("broker", 12, grow: 2, limit: 30),
        Column("cluster", 14, priority: 4, grow: 1, limit: 24),
        Column("address", 15, priority: 2, grow: 1, limit: 24),
        Column("kind", 10, priority: 3),
        Column("version", 9, priority: 1),
        Column("in/s", 6, .right),
        Column("out/s", 6, .right),
        Column("put", 7, .right, priority: 6),
        Column("log", 9, .right, priority: 5),
        Column("disk", 6, .right),
        Column("state", 10, grow: 1, limit: 30),
    ]

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        let brokers = model.brokers
        let fetched = model.told(.brokers)
        let silent = brokers.filter { $0.failure != nil }.count
        let more = silent == 0 ? "" : tr(" · \(silent) not answering")
        let screen = ListScreen(
            title: model.listTitle(tr("Brokers"), shown: model.rows.count, total: brokers.count, more: more),
            items: brokers, columns: columns, whenEmpty: tr("No broker is known."))
        screen.draw(model, fetched, rect, &painter) {
            cells($0)
        } detail: { broker, area, painter in
            drawDetail(broker, model, area, &painter)
        }
    }

    private static func cells(_ broker: BrokerNode) -> [Span] {
        let isSilent = broker.failure != nil
        // Figures of one that does not answer are what it said last.
        let value: Role = isSilent ? .stale : .number
        let disk = broker.diskUsed
        return [
            Span(broker.name, .accent), Span(broker.cluster, .dim),
            Span(broker.address.isEmpty ? tr("in this process") : broker.address), Span(kind(broker.kind), .dim),
            Span(broker.version, .dim), Span(Format.rate(broker.inPerSecond), value),
            Span(Format.rate(broker.outPerSecond), value),
            Span(broker.putMilliseconds.map { Format.tenths($0) + " ms" } ?? Format.unknown, .dim),
            Span(Format.bytes(broker.logBytes), value),
            Span(
                disk.map { "\(Int(($0 * 100).rounded())) %" } ?? Format.unknown,
                isSilent ? .stale : (disk ?? 0) >= 0.9 ? .bad : (disk ?? 0) >= 0.75 ? .warning : .text),
            Span(isSilent ? tr("no answer") : tr("answers"), isSilent ? .bad : .good),
        ]
    }

    static func kind(_ kind: BrokerKind) -> String {
        switch kind {
        case .sluice: "Sluice"
        case .rocketmq4: "RocketMQ 4"
        case .rocketmq5: "RocketMQ 5"
        }
    }

    private static func drawDetail(
        _ broker: BrokerNode, _ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter
    ) {
        painter.rule(rect, tr("Broker \(broker.name)"))
        let state: [Span] =
            if let failure = broker.failure {
                [
                    Span(failure, .bad),
                    Span(tr("   last heard of \(Format.age(max(0, model.now - broker.asOf))) ago"), .dim),
                ]
            } else { [Span(tr("answers"), .good)] }
        var lines: [(String, [Span])] = [(tr("state"), state)]
        if broker.kind != .sluice || !broker.slaves.isEmpty {
            let slaves = broker.slaves.isEmpty ? tr("none") : broker.slaves.joined(separator: ", ")
            lines.append((tr("slaves"), [Span(slaves, broker.slaves.isEmpty ? .dim : .text)]))
        }
        if model.brokers.count == 1, let status = model.data.broker.value {
            lines.append((tr("folder"), [Span("\(status.dataFolder)   \(status.fileSystem)", .text)]))
            lines.append(
                (tr("since"), [Span(model.fullMoment(status.startedAt)), Span("   \(status.recovery)", .dim)]))
            let refusing = status.refusing.map { Span(tr("publishing is refused: \($0)"), .bad) }
            lines.append(
                (
                    tr("log"),
                    [
                        Span(
                            tr(
                                "\(Format.exact(status.minPhysicalOffset)) to \(Format.exact(status.maxPhysicalOffset))   "
                            )),
                        refusing
                            ?? Span(
                                tr(
                                    "\(Format.bytes(status.diskFreeBytes)) free of \(Format.bytes(status.diskTotalBytes))"
                                ),
                                .dim),
                    ]
                ))
        }
        let told = broker.runtime.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        if !told.isEmpty {
            let wrapped = DialogBox.wrap(told.joined(separator: "   "), width: rect.width - 16, limit: 3)
            for (index, line) in wrapped.enumerated() {
                lines.append((index == 0 ? tr("tells") : "", [Span(line, .dim)]))
            }
        }
        painter.pairs(lines, in: Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1))
    }
}
