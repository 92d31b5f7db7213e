import Glibc
import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Every screen and dialog as it was looked at and found good. `SLUICE_GOLDEN=write` writes the files anew; look at
/// what changed before it is kept.
@Suite struct GoldenTests {
    static let sizes = [Size(width: 80, height: 24), Size(width: 120, height: 40), Size(width: 48, height: 12)]

    struct Scene: Sendable, CustomStringConvertible {
        var name: String
        var play: @Sendable (inout Driver) -> Void
        var description: String { name }
        var world = World.demo
        init(_ name: String, _ world: World, _ play: @escaping @Sendable (inout Driver) -> Void) {
            (self.name, self.world, self.play) = (name, world, play)
        }
        init(_ name: String, _ play: @escaping @Sendable (inout Driver) -> Void) {
            self.name = name
            self.play = play
        }
    }

    static let scenes: [Scene] = [
        Scene("overview") { _ in },
        Scene("overview-empty") {
            let settings = $0.model.settings
            $0 = Driver(World(), size: $0.model.size, glyphs: settings.glyphs, language: settings.language)
        },
        Scene("topics") { $0.type("2") },
        Scene("topics-filter") { $0.type("2/o.*r\n") },
        Scene("topic") { $0.type(":topic orders\n") },
        Scene("messages") { $0.type(":topic orders\n\n") },
        Scene("message") {
            $0.type(":topic 订单-支付\n\n")
            $0.press(.home)
            $0.type("j\n")
        },
        Scene("message-json") {
            $0.type(":topic 订单-支付\n\n")
            $0.press(.home)
            $0.type("jjj\nv")
        },
        Scene("message-hex") {
            $0.type(":topic 订单-支付\n\n")
            $0.press(.home)
            $0.type("\nvv")
        },
        Scene("groups") { $0.type("3L") },
        Scene("group") {
            $0.type(":group order-landing\n")
            $0.run(seconds: 12)
        },
        Scene("delays") { $0.type("4") },
        Scene("transactions") { $0.type("5jj ") },
        Scene("peak-shaving") { $0.type("7") },
        Scene("peak-shaving-scenario") {
            $0.send(.scenario(scenario))
            $0.type("7")
        },
        Scene("dead-letters", World.steered) { $0.type("6") },
        Scene("dead-letter-messages", World.steered) { $0.type("6j\n ") },
        Scene("clients", World.steered) { $0.type(":clients\nG") },
        Scene("brokers", World.steered) { $0.type(":brokers\n") },
        Scene("brokers-cluster", World.cluster) { $0.type(":brokers\nj") },
        Scene("audit", World.steered) { $0.type(":audit\nvj") },
        Scene("settings", World.cluster) { $0.type(":settings\n") },
        Scene("clients-unavailable", World.cluster) { $0.type(":clients\n") },
        Scene("topic-cluster", World.cluster) { $0.type(":topic orders\n") },
        Scene("groups-gated", World.steered) { $0.type("3L") },
        Scene("group-gated", World.steered) { $0.type(":group order-landing\n") },
        Scene("peak-shaving-gated", World.steered) { $0.type("7") },
        Scene("message-traced", World.steered) {
            $0.type(":topic orders\n\n")
            $0.press(.home)
            $0.type("\n")
        },
        Scene("dialog-gate", World.steered) { $0.type(":group order-landing\ng") },
        Scene("dialog-gate-substitute", World.cluster) { $0.type(":group order-landing\ng") },
        Scene("dialog-limit", World.steered) { $0.type(":topic sms\ng") },
        Scene("dialog-topic-new", World.steered) { $0.type("2nrefunds") },
        Scene("dialog-topic-delete", World.steered) { $0.type(":topic pay\nXold\tpa") },
        Scene("dialog-group-edit", World.steered) { $0.type(":group billing\ne") },
        Scene("dialog-group-delete", World.steered) { $0.type(":group billing\nX") },
        Scene("dialog-resend", World.steered) { $0.type("6j\n  r") },
        Scene("scenarios") { $0.type(":scenarios\nj") },
        Scene("scenarios-running") {
            $0.type(":scenarios\n")
            $0.send(.scenario(registration))
        },
        Scene("help") { $0.type("?") },
        Scene("dialog-publish") { $0.type("2p茶 {\"a\":1}\t+90s\t") },
        Scene("dialog-reset") { $0.type(":group order-landing\nr") },
        Scene("dialog-replay") { $0.type(":topic orders\n\nkkk  r") },
        Scene("dialog-commit") { $0.type("5jccard 4477 confirmed by the bank\torder-88") },
        Scene("dialog-rollback") { $0.type("5jjjjx") },
        Scene("dialog-committed") { $0.type("5jcbank says yes\torder-88213y") },
        Scene("dialog-conflict") {
            $0.type("5jcbank says yes\torder-88213")
            $0.world.conflict = APIError(.conflict, "The producer rolled it back at 14:03:25.")
            $0.type("y")
        },
        Scene("dialog-withdraw") { $0.type("4jx") },
        Scene("dialog-withdraw-many") { $0.type("4  jjj  xthe campaign ended\t") },
        Scene("dialog-reschedule") { $0.type("4jjr+5m") },
        Scene("dialog-ask-again") { $0.type("5*a") },
        Scene("dialog-commit-many") { $0.type("5*c\t\td") },
        Scene("dialog-range") { $0.type(":replay-time orders\n") },
        Scene("dialog-what-if") {
            $0.type(":group order-landing\n")
            $0.run(seconds: 12)
            $0.type("w2\t ")
        },
        Scene("group-what-if") {
            $0.type(":group order-landing\n")
            $0.run(seconds: 12)
            $0.type("w14\t \n")
        },
        Scene("dialog-publish-lines") { $0.type("porders\t\t\t{\n  \"a\": 1\n}\t90s\tregion=east") },
        Scene("dialog-templates") {
            $0.type("p")
            $0.press(.control("o"))
            $0.send(.answer(.templates(templates, problems: ["bad.toml:3: this is not TOML"])))
        },
        Scene("delays-load") { $0.type("4l") },
        Scene("delays-scrolled") { $0.type("4+>>") },
        Scene("delays-found") { $0.type("4forders\torder-90003\n") },
        Scene("replays") {
            $0.world.replays = replays
            $0.type(":replays\n")
            $0.run(seconds: 1)
            $0.world.replays[1].done += 900
            $0.run(seconds: 1)
        },
        Scene("calls") {
            for call in calls { $0.send(.called(call)) }
            $0.type("@")
        },
        Scene("dialog-theme") { $0.type("t") },
        Scene("dialog-jump") { $0.type(":topic orders\n\no12") },
        Scene("command") { $0.type("2:t") },
        Scene("unreachable") {
            $0.world.error = APIError(.unreachable, "Nobody answers at 10.0.0.7:10911.")
            $0.type("2")
            $0.run(seconds: 5, isIdle: true)
        },
    ]

    private static let templates: [MessageTemplate] = {
        var paid = MessageTemplate(name: "order-paid")
        (paid.topic, paid.body) = ("orders", "{\n  \"order\": 1\n}")
        var code = MessageTemplate(name: "验证码")
        (code.topic, code.body) = ("sms", "您的验证码是 482913")
        return [paid, code]
    }()

    private static let replays: [ReplayStatus] = {
        func replay(_ id: Int, _ target: String?, _ state: ReplayStatus.State, _ done: Int64, _ speed: Double)
            -> ReplayStatus
        {
            ReplayStatus(
                id: id,
                plan: ReplayPlan(
                    topic: "orders", from: World.start - 3_600_000, to: World.start - 1_800_000, target: target,
                    speed: speed), state: state, done: done, total: 90_000, damaged: id == 1 ? 2 : 0,
                startedAt: World.start - 60_000)
        }
        return [
            replay(1, nil, .done, 90_000, 0), replay(2, "orders-again", .running, 41_000, 10),
            replay(3, nil, .paused, 1200, 1),
        ]
    }()

    private static let calls: [CallRecord] = [
        CallRecord(
            kind: .query, time: World.start - 2340, milliseconds: 0.42, what: "topics", result: "6 topics",
            isFailure: false),
        CallRecord(
            kind: .dryRun, time: World.start - 1200, milliseconds: 12.1, what: "cancel delay 7F00",
            result: "would withdraw it", isFailure: false),
        CallRecord(
            kind: .act, time: World.start - 900, milliseconds: 1804, what: "gate of billing: 2.0k/s · it floods",
            result: "the gate of billing is 2.0k/s now", isFailure: false),
        CallRecord(
            kind: .query, time: World.start - 300, milliseconds: 5000, what: "groups",
            result: "unreachable: Nobody answers.", isFailure: true),
    ]

    private static let latency: [ScenarioStatus.Point] = (0..<120).map { second in
        let wave = Double(second % 10) / 5
        let load = second > 40 ? 1.5 : 0.0
        return ScenarioStatus.Point(time: World.start - Int64(119 - second) * 1000, value: 2 + wave + load)
    }

    static let scenario = ScenarioStatus(
        title: "Orders into SQLite",
        lines: [
            .init("orders/s", "12,400 surge, 4 s left"), .init("written", "203,114"), .init("database p99", "3.1 ms"),
            .init("out of order", "0"), .init("duplicates", "17 dropped"), .init("lost", "0"),
        ],
        series: [ScenarioStatus.Series(label: "database latency", unit: "ms", points: latency)],
        keys: [.init("s", "surge"), .init("w", "workers")])

    static let registration = ScenarioStatus(
        name: "async", title: "Registration without waiting for the SMS",
        claim: "A registration takes milliseconds however slow the SMS gateway is, and no SMS is lost.",
        lookAt: "The gateway is broken: registration goes on, the tasks wait, and are tried again.",
        lines: [
            .init("registrations", "4,120"), .init("p99 queued", "4.1 ms"), .init("p99 in line", "3.90 s"),
            .init("gateway", "broken", needsAttention: true), .init("waiting", "312"), .init("tried again", "47"),
        ],
        series: [
            ScenarioStatus.Series(label: "registration p99", unit: "ms", points: latency),
            ScenarioStatus.Series(label: "sent", unit: "/s", points: latency),
            ScenarioStatus.Series(label: "waiting", unit: "", points: latency),
        ], keys: [.init("b", "mend the gateway"), .init("v", "change its interface")])

    @Test(arguments: sizes, scenes)
    func screen(_ size: Size, _ scene: Scene) throws {
        try Self.compare(scene, size, .english, "\(scene.name)-\(size.width)x\(size.height).txt")
    }

    /// The same in Chinese, where wide characters have to fit the columns of narrow ones.
    @Test(arguments: [Size(width: 80, height: 24), Size(width: 120, height: 40)], scenes)
    func chineseScreen(_ size: Size, _ scene: Scene) throws {
        try Self.compare(scene, size, .chinese, "zh/\(scene.name)-\(size.width)x\(size.height).txt")
    }

    private static func compare(_ scene: Scene, _ size: Size, _ language: Language, _ file: String) throws {
        var driver = Driver(scene.world, size: size, language: language)
        driver.run(seconds: 24)
        scene.play(&driver)
        let buffer = driver.view
        let shot = buffer.text() + "\n--- roles ---\n" + buffer.styleLayer(TestTheme.letter) + "\n"
        let path = Self.folder + "/" + file
        if getenv("SLUICE_GOLDEN").map({ String(cString: $0) }) == "write" {
            try Self.write(shot, to: path)
        } else {
            let expected = try #require(Self.read(path), "no \(path): write it with SLUICE_GOLDEN=write")
            #expect(shot == expected)
        }
    }

    private static let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Golden"

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        #expect(fwrite(Array(text.utf8), 1, text.utf8.count, file) == text.utf8.count)
    }
}
