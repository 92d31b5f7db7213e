import SluiceAPI

/// A console that is about to stop the broker it owns, and asks first.
struct Leaving: Sendable, Equatable {
    enum Way: Sendable { case quit, suspend }
    var way: Way
    /// Clients that would lose their broker; nil while that is not known.
    var clients: Int?
    var question: Ticket
}

// MARK: Leaving
extension ConsoleModel {
    /// Leaves at once, unless clients of a broker of our own would lose it.
    mutating func leave(_ way: Leaving.Way, _ effects: inout [Effect]) {
        guard settings.ownsBroker else { return effects.append(Self.effect(of: way)) }
        let ticket = ticket()
        leaving = Leaving(way: way, clients: nil, question: ticket)
        effects.append(.ask(ticket, .question(.clients)))
    }

    /// The answer to who is connected; false when the ticket is of another question.
    mutating func takeLeaving(_ ticket: Ticket, _ result: Result<Reply, APIError>, _ effects: inout [Effect]) -> Bool {
        guard let open = leaving, open.question == ticket else { return false }
        guard case .success(.told(.clients(let clients))) = result else { return true }
        let count = Set(clients.map(\.client.id)).count
        leaving?.clients = count
        if count == 0 { finishLeaving(&effects) }
        return true
    }

    mutating func pressWhileLeaving(_ key: Key, _ effects: inout [Effect]) {
        switch KeyTable.binding(for: key, in: .leave)?.operation {
        case .confirm: finishLeaving(&effects)
        case .cancel: leaving = nil
        default: break
        }
    }

    private mutating func finishLeaving(_ effects: inout [Effect]) {
        guard let open = leaving else { return }
        leaving = nil
        effects.append(Self.effect(of: open.way))
    }

    private static func effect(of way: Leaving.Way) -> Effect {
        switch way {
        case .quit: .quit
        case .suspend: .suspend
        }
    }
}

extension Leaving {
    func draw(_ rect: Rect, _ painter: inout Painter) {
        let what = way == .quit ? "Leaving ends the broker" : "Suspending stops the broker"
        var box = DialogBox(way == .quit ? "Leave?" : "Suspend?", lines: 4, width: 78, in: rect, &painter)
        let text: String
        if let clients {
            text = "\(what) of this console: \(Format.plural(clients, "client")) would lose it."
        } else {
            text = "\(what) of this console. Asking who is connected to it…"
        }
        box.paragraph(text, clients == nil ? .text : .warning, limit: 2, &painter)
        let verb = way == .quit ? "leave" : "suspend"
        box.keys([("y", verb), ("Esc", "stay")], isFocused: false, &painter)
    }
}
