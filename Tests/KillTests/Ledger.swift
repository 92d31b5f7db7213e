/// Which attempt: the round of the publisher's life, the publisher in it, and its count.
struct Token: Hashable, CustomStringConvertible {
    var round: Int
    var publisher: Int
    var sequence: Int

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".").map { Int($0) }
        guard parts.count == 3, let round = parts[0], let publisher = parts[1], let sequence = parts[2] else {
            return nil
        }
        self.round = round
        self.publisher = publisher
        self.sequence = sequence
    }

    var description: String { "\(round).\(publisher).\(sequence)" }
}

/// What the publisher had acknowledged, over all its lives on one folder.
struct Ledger {
    enum End: String {
        case commit, rollback, unknown
    }

    enum Entry {
        case stored(Token, id: String, physicalOffset: Int64)
        case delayed(Token, id: String, isNear: Bool)
        case half(Token, id: String, end: End)
        case ended(Token)
        case offset(Int64)

        init?(_ line: String) {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2 else { return nil }
            if words[0] == "O", let offset = Int64(words[1]) {
                self = .offset(offset)
                return
            }
            guard let token = Token(words[1]) else { return nil }
            switch (words[0], words.count) {
            case ("A", 4):
                guard let offset = Int64(words[3]) else { return nil }
                self = .stored(token, id: words[2], physicalOffset: offset)
            case ("D", 4): self = .delayed(token, id: words[2], isNear: words[3] == "near")
            case ("H", 4):
                guard let end = End(rawValue: words[3]) else { return nil }
                self = .half(token, id: words[2], end: end)
            case ("E", 2): self = .ended(token)
            default: return nil
            }
        }
    }

    struct Half {
        var id: String
        var end: End
        /// True once the end was acknowledged.
        var isEnded = false
    }

    private(set) var stored: [Token: String] = [:]
    private(set) var near: [Token: String] = [:]
    private(set) var far: [Token: String] = [:]
    private(set) var halves: [Token: Half] = [:]
    private(set) var offset: Int64 = 0

    mutating func add(_ entry: Entry) {
        switch entry {
        case .stored(let token, let id, _): stored[token] = id
        case .delayed(let token, let id, let isNear): if isNear { near[token] = id } else { far[token] = id }
        case .half(let token, let id, let end): halves[token] = Half(id: id, end: end)
        case .ended(let token): halves[token]?.isEnded = true
        case .offset(let offset): self.offset = max(self.offset, offset)
        }
    }

    /// Acknowledgements of all kinds.
    var count: Int { stored.count + near.count + far.count + halves.count + halves.count { $0.value.isEnded } }
}
