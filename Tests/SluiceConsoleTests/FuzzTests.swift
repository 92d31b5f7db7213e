import Glibc
import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Random keys, sizes, traffic and answers: nothing crashes, the selection stays in range, and nothing is changed
/// without what guards it.
@Suite struct FuzzTests {
    static let keys: [Key] =
        "12345678908HPS?:/[]-`qZitpcrxuovay+<>NDIOLBCTAKG jklfnwUF*@degEXRV\n茶/^[".map { Key.character($0) } + [
            .enter, .enter, .tab, .tab, .backTab, .escape, .escape, .backspace, .delete, .up, .down, .left, .right,
            .home,
            .end, .pageUp, .pageDown, .control("s"), .control("u"), .control("r"), .control("c"), .function(3),
            .alt("x"), .control("o"), .control("t"), .control("w"),
        ]
    static let texts = [
        "order-88213", "confirm", "2", "orders", "10", ":group billing", ":audit", ":clients", ":brokers",
        ":settings", "billing", "\u{1B}[2J", "订单", "",
    ]

    /// Events in all: a quarter of an hour's worth with `SLUICE_FUZZ_EVENTS=10000000`.
    static let events = getenv("SLUICE_FUZZ_EVENTS").flatMap { Int(String(cString: $0)) } ?? 200_000
    /// Eight in a row; `SLUICE_FUZZ_SEED` is the first of them.
    static let seeds: [UInt64] = {
        let first = getenv("SLUICE_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
        return (0..<8).map { first &+ $0 }
    }()

    @Test(arguments: seeds)
    func survives(_ seed: UInt64) {
        var random = Random(state: seed)
        var driver = Driver(size: Size(width: 100, height: 30), readOnly: seed % 8 == 4)
        for step in 0..<Self.events / Self.seeds.count {
            driver.isAnswering = random.below(10) > 0
            let before = (dialog: driver.model.dialog?.kind, acts: driver.acts.count)
            let event = Self.event(&random, driver)
            let isConfirmation = Self.confirms(event, driver)
            if let event { driver.send(event) } else { disturb(&driver, &random) }
            if driver.acts.count > before.acts { checkActs(driver, before, isConfirmation, step) }
            check(driver, step)
            if step % 32 == 0 { checkView(driver, step) }
            if driver.asked.count > 10_000 { (driver.asked, driver.outside) = ([], []) }
        }
        if seed % 8 == 4 { #expect(driver.acts.allSatisfy { !$0.changesState }) }
    }

    /// Nil is a disturbance.
    private static func event(_ random: inout Random, _ driver: Driver) -> Event? {
        switch random.below(40) {
        case 0: return .resize(Size(width: random.below(220), height: random.below(70)))
        case 1: return .tick(now: World.start + Int64(random.below(5_000_000)))
        case 2: return .paste(texts[random.below(texts.count)])
        case 3: return nil
        case 4: return .suspendAsked
        case 5, 6:
            let kinds: [Mouse.Kind] = [.press, .doublePress, .wheelUp, .wheelDown]
            // Half of them where there is something.
            let size = random.below(2) == 0 ? driver.model.size : Size(width: 220, height: 70)
            return .mouse(
                Mouse(
                    x: random.below(max(1, size.width)), y: random.below(max(1, size.height)),
                    kind: kinds[random.below(4)]))
        default: return .key(keys[random.below(keys.count)])
        }
    }

    /// The key that does what is final, pressed or clicked.
    private static func confirms(_ event: Event?, _ driver: Driver) -> Bool {
        guard case .mouse(let mouse) = event else { return event.isY }
        let clicks = driver.model.paint(driver.model.size, withScreen: false).clicks
        guard case .key(.character("y"), _) = clicks.target(x: mouse.x, y: mouse.y) else { return false }
        return mouse.kind == .press || mouse.kind == .doublePress
    }

    /// What is final was asked for in an open dialog with the key that says so, and with a reason.
    private func checkActs(
        _ driver: Driver, _ before: (dialog: DialogKind?, acts: Int), _ isConfirmation: Bool, _ step: Int
    ) {
        for case .operate(let action, let reason, dryRun: false) in driver.acts[before.acts...] where action.isFinal {
            guard before.dialog != nil, isConfirmation else {
                Issue.record("step \(step): \(action) without its confirmation")
                continue
            }
            if reason.isEmpty { Issue.record("step \(step): no reason for \(action)") }
        }
    }

    private func check(_ driver: Driver, _ step: Int) {
        let list = driver.model.list
        let count = driver.model.rows.count
        let isInRange =
            driver.model.isScroller
            ? list.top >= 0
            : (count == 0 ? list.selected == 0 : (0..<count).contains(list.selected))
                && (0...max(0, count - 1)).contains(list.top)
        if !isInRange { Issue.record("step \(step): row \(list.selected) of \(count), top \(list.top)") }
    }

    /// Every cell is inside, and both halves of wide characters are together.
    private func checkView(_ driver: Driver, _ step: Int) {
        let size = driver.model.size
        let view = driver.view
        #expect(view.size == size, "step \(step)")
        for y in 0..<size.height {
            let row = Array(view.row(y))
            for (x, cell) in row.enumerated() {
                let isWhole =
                    cell.glyph.isContinuation
                    ? x > 0 && row[x - 1].glyph.width == 2
                    : cell.glyph.width == 1 || (x + 1 < row.count && row[x + 1].glyph.isContinuation)
                if !isWhole { Issue.record("step \(step): half a character at \(x), \(y)") }
            }
        }
        if let cursor = driver.model.cursor {
            #expect(Rect(size).contains(x: cursor.x, y: cursor.y), "step \(step)")
        }
        if step % 512 == 0 { _ = driver.model.plainReport().count + (driver.model.sheet?.encoded(as: .csv).count ?? 0) }
    }

    /// The broker's state changes under the console's hands.
    private func disturb(_ driver: inout Driver, _ random: inout Random) {
        switch random.below(11) {
        case 9: answerWithHostileMessages(&driver, &random)
        case 0: driver.world.topics.removeAll { _ in random.below(3) == 0 }
        case 1: driver.world = .demo
        case 2: driver.world.halves.removeAll { _ in random.below(2) == 0 }
        case 3: driver.world.error = APIError(.unreachable, "Nobody answers.")
        case 4: driver.world.error = nil
        case 5: driver.world.groups.shuffle(using: &random)
        case 6: driver.world.delays = []
        case 7: driver.world = [.steered, .cluster][random.below(2)]
        case 8: driver.send(.answer(.file(.view(name: "x", text: Self.texts[random.below(Self.texts.count)]))))
        default: driver.world.now -= 5_000
        }
        if driver.world.now < driver.model.now - 100_000 { driver.world.now = driver.model.now }
    }

    /// Bodies, names and keys that nobody would write, for a page that is waited for.
    private func answerWithHostileMessages(_ driver: inout Driver, _ random: inout Random) {
        for (query, ticket) in driver.model.inFlight {
            guard case .page(let topic, let queue, let from, let limit) = query else { continue }
            let messages = (0..<min(limit, 60)).map { index in
                var message = World.message(topic, queue, from + Int64(index))
                message.body = (0..<random.below(300)).map { _ in UInt8(random.below(256)) }
                if random.below(3) == 0 {
                    message.body = Array("{\"a\":[[[[\u{202E}\u{1B}]2;x\u{7} 中\u{301}\u{301}".utf8)
                }
                return message
            }
            driver.send(.answer(.reply(ticket, query, .success(.messages(messages)))))
        }
    }
}

extension Event? {
    fileprivate var isY: Bool { if case .key(.character("y")) = self { true } else { false } }
}

extension OperatorAction {
    /// What no key of the console may bring about alone.
    fileprivate var isFinal: Bool {
        switch self {
        case .resolve, .cancelDelay, .deliverNow, .controlReplay(_, .cancel), .deleteTopic, .deleteGroup,
            .resendDeadLetters:
            true
        default: false
        }
    }
}

/// SplitMix64.
struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
