import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

/// Random keys, sizes, traffic and answers: nothing crashes, the selection stays in range, and nothing is changed
/// without what guards it.
@Suite struct FuzzTests {
    static let keys: [Key] =
        "1234567?:/[]-`qZitpcrxuovay+<>NDIOLBCTAKG jklfnwUF*@degXRV\n茶/^[".map { Key.character($0) } + [
            .enter, .enter, .tab, .tab, .backTab, .escape, .escape, .backspace, .delete, .up, .down, .left, .right,
            .home,
            .end, .pageUp, .pageDown, .control("s"), .control("u"), .control("r"), .control("c"), .function(3),
            .alt("x"), .control("o"), .control("t"), .control("w"),
        ]
    static let texts = [
        "order-88213", "confirm", "2", "orders", "10", ":group billing", ":audit", ":clients", ":brokers",
        ":settings", "billing", "\u{1B}[2J", "订单", "",
    ]

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func survives(_ seed: UInt64) {
        var random = Random(state: seed)
        var driver = Driver(size: Size(width: 100, height: 30), readOnly: seed == 4)
        for step in 0..<5_000 {
            driver.isAnswering = random.below(10) > 0
            switch random.below(20) {
            case 0:
                driver.send(.resize(Size(width: random.below(220), height: random.below(70))))
            case 1: driver.run(seconds: 1)
            case 2: driver.send(.paste(Self.texts[random.below(Self.texts.count)]))
            case 3: disturb(&driver, &random)
            case 4:
                let kinds: [Mouse.Kind] = [.press, .doublePress, .wheelUp, .wheelDown]
                driver.send(.mouse(Mouse(x: random.below(220), y: random.below(70), kind: kinds[random.below(4)])))
            default: driver.send(.key(Self.keys[random.below(Self.keys.count)]))
            }
            check(driver, step)
            if step % 20 == 0 {
                let size = driver.model.size
                let view = driver.view
                #expect(view.size == size)
                if let cursor = driver.model.cursor {
                    #expect(cursor.x >= 0 && cursor.x < size.width && cursor.y >= 0 && cursor.y < size.height)
                }
            }
        }
        // What is final was given a reason and typed out; no key brings it about alone.
        for case .operate(let action, let reason, dryRun: false) in driver.acts where action.isFinal {
            #expect(!reason.isEmpty)
        }
        if seed == 4 { #expect(driver.acts.allSatisfy { !$0.changesState }) }
    }

    private func check(_ driver: Driver, _ step: Int) {
        let list = driver.model.list
        let rows = driver.model.rows
        if driver.model.isScroller {
            #expect(list.top >= 0, "step \(step)")
        } else {
            #expect(rows.isEmpty ? list.selected == 0 : rows.indices.contains(list.selected), "step \(step)")
            #expect(list.top >= 0 && list.top <= max(0, rows.count - 1), "step \(step)")
        }
    }

    /// The broker's state changes under the console's hands.
    private func disturb(_ driver: inout Driver, _ random: inout Random) {
        switch random.below(9) {
        case 0: driver.world.topics.removeAll { _ in random.below(3) == 0 }
        case 1: driver.world = .demo
        case 2: driver.world.halves.removeAll { _ in random.below(2) == 0 }
        case 3: driver.world.error = APIError(.unreachable, "Nobody answers.")
        case 4: driver.world.error = nil
        case 5: driver.world.groups.shuffle(using: &random)
        case 6: driver.world.delays = []
        case 7: driver.world = [.steered, .cluster][random.below(2)]
        default: driver.world.now -= 5_000
        }
        if driver.world.now < driver.model.now - 100_000 { driver.world.now = driver.model.now }
    }
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
