import SluiceMessage

/// What is said on the bus: something happened to a lottery order. Services know these and nothing of each other.
struct LotteryEvent: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        /// A customer placed an order of some bets.
        case placed
        /// The dispatch centre has it in its table.
        case accepted
        /// A bet needs a ticket; a ticket was issued for it.
        case wanted, issued
        /// The order has all its tickets.
        case ticketed
        /// What it won was calculated.
        case drawn
        /// The dispatch centre has closed it.
        case settled
    }
    var kind: Kind
    var order: Int
    /// Bets of the whole order.
    var bets: Int
    /// Which of them; 0 where all are meant.
    var bet = 0
    /// Number of an issued ticket, or what an order won, in cents.
    var value = 0

    func message(topic: String) -> Message {
        Message(
            topic: topic, body: Array("\(order) \(bets) \(bet) \(value)".utf8), tag: kind.rawValue,
            keys: ["order-\(order)"])
    }

    func next(_ kind: Kind, bet: Int = 0, value: Int = 0) -> LotteryEvent {
        LotteryEvent(kind: kind, order: order, bets: bets, bet: bet, value: value)
    }
}

extension LotteryEvent {
    /// Nil for what is none of ours.
    init?(_ message: StoredMessage) {
        let numbers = String(decoding: message.body, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        guard let kind = message.tag.flatMap({ Kind(rawValue: $0) }), numbers.count == 4, numbers[0] >= 0,
            (1...100).contains(numbers[1]), (0...numbers[1]).contains(numbers[2])
        else { return nil }
        self.init(kind: kind, order: numbers[0], bets: numbers[1], bet: numbers[2], value: numbers[3])
    }

    /// The number on the ticket of a bet, 0...999.
    static func number(order: Int, bet: Int) -> Int {
        var random = SplitMix(state: UInt64(truncatingIfNeeded: order &* 101 &+ bet))
        return Int(random.next() % 1_000)
    }

    /// What a number wins, in cents: one of a hundred wins something.
    static func prize(of number: Int) -> Int { number == 7 ? 1_000_000 : number % 100 == 7 ? 500 : 0 }
}
