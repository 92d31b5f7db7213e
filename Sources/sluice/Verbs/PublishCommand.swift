import ArgumentParser
import SluiceAPI
import SluiceClient
import SluiceMessage

/// `sluice publish`
struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish one message, or a message a line.",
        discussion: """
            With --body or --body-file it publishes one message. Otherwise each line of --file, or of standard input, \
            is a message; the bytes before the line feed are its body, whatever they are: empty lines, NUL and CR are \
            kept. Lines go into one queue in order (queue 0, or --queue), or over all queues with --spread, with 1024 \
            in flight. A line that ended with a line feed carries the property SLUICE_LINE_END=lf, so that \
            `consume --raw` restores the very bytes, a missing last line feed included.

            Ids are printed as messages are acknowledged, in the order of the input. With --transaction the message \
            stays an unresolved half until `tx commit` or `tx rollback`, unless --then resolves it.

            JSON, an object a message: id, offset_id, topic, queue, offset, physical_offset, state (stored, half, \
            commit, rollback). Of a half, a rolled back and a delayed message queue and offset say where it waits.

            When some lines were stored and then one was refused it ends with 2; its number is named.
            """)
    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOptions
    @Option(parsing: .unconditional, help: "The body as text.") var body: String?
    @Option(help: ArgumentHelp("A file that is the body.", valueName: "file")) var bodyFile: String?
    @Option(help: ArgumentHelp("A file with a message a line; - is standard input.", valueName: "file"))
    var file: String?
    @Flag(help: "Spread lines over all queues instead of keeping them in order.") var spread = false
    @Flag(help: "Publish as a half message.") var transaction = false
    @Option(name: .customLong("then"), help: "Resolve the half: commit or rollback.") var resolution: Resolution?
    @Option(help: "Producer group of a transaction.") var group = "sluice"

    func validate() throws {
        guard [body, bodyFile, file].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("Give one of --body, --body-file and --file.")
        }
        guard resolution == nil || transaction else { throw ValidationError("--then needs --transaction.") }
        guard !spread || message.queue == nil else { throw ValidationError("Give one of --spread and --queue.") }
        guard !transaction || message.delay == nil && message.level == nil && message.at == nil else {
            throw ValidationError("A transaction cannot be delayed: leave --delay, --level and --at out.")
        }
    }

    func run() throws {
        let template = try message.template()
        if let content = try wholeBody() {
            let watch = SignalWatch.start()
            return try common.withBroker(create: true) { broker in
                var message = template
                message.body = content
                try publishOne(message, broker, watch)
            }
        }
        let input = try InputFile(path: file ?? "-")
        let watch = SignalWatch.start()
        try common.withBroker(create: true) { broker in
            var reader = LineReader(input, stop: watch, limit: Limits.maxBodyBytes)
            if transaction {
                try publishHalves(&reader, template, broker, watch)
            } else {
                try LinePublisher(
                    producer: Producer(broker.connection), template: template, spread: spread, json: common.json,
                    watch: watch
                ).run(&reader)
            }
        }
    }

    /// The body of the one message asked for; nil when it is a message a line.
    private func wholeBody() throws -> [UInt8]? {
        if let bodyFile {
            let input = try InputFile(path: bodyFile)
            return try input.readAll(limit: Limits.maxBodyBytes)
        }
        guard let body else { return nil }
        guard body.utf8.count <= Limits.maxBodyBytes else {
            throw CommandFailure(
                .usage,
                "The body has \(grouped(body.utf8.count)) bytes; a message holds at most \(grouped(Limits.maxBodyBytes))."
            )
        }
        return Array(body.utf8)
    }

    private func publishOne(_ message: Message, _ broker: any BrokerAccess, _ watch: SignalWatch) throws {
        let line: (receipt: SendReceipt, state: PublishState)
        if transaction {
            line = try HalfPublisher(broker, group: group, resolution: resolution).send(message)
        } else {
            let producer = Producer(broker.connection)
            defer { producer.close() }
            line = (try blocking { try await producer.send(message) }, .stored)
        }
        var output = Output()
        output.write(line.receipt, line.state, json: common.json)
        try output.flush()
        try watch.throwIfReceived()
    }

    private func publishHalves(
        _ reader: inout LineReader, _ template: Message, _ broker: any BrokerAccess, _ watch: SignalWatch
    ) throws {
        let publisher = HalfPublisher(broker, group: group, resolution: resolution)
        defer { publisher.close() }
        var output = Output()
        while let line = try reader.next() {
            var message = template
            line.fill(&message)
            do {
                let (receipt, state) = try publisher.send(message)
                output.write(receipt, state, json: common.json)
                try output.flush()
            } catch let error as APIError {
                throw reader.number > 1
                    ? CommandFailure(.partlyDone, "Line \(reader.number): \(error.message)") : CommandFailure(error)
            }
        }
        try watch.throwIfReceived()
    }
}

extension Resolution: ExpressibleByArgument, CaseIterable {
    public static var allCases: [Resolution] { [.commit, .rollback] }
}

/// What a message became.
enum PublishState: String {
    case stored, half, commit, rollback
}

extension Output {
    /// The line about a message that was acknowledged.
    mutating func write(_ receipt: SendReceipt, _ state: PublishState, json: Bool) {
        guard json else { return write(receipt.id + "\n") }
        var line = JSONObject()
        line.add("id", receipt.id)
        line.add("offset_id", receipt.offsetID)
        line.add("topic", receipt.queue.topic)
        line.add("queue", receipt.queue.queue)
        line.add("offset", receipt.queueOffset)
        line.add("physical_offset", receipt.physicalOffset)
        line.add("state", state.rawValue)
        write(line)
    }
}
