import SluiceAPI

/// A console that is about to stop the broker it owns, and asks first.
struct Leaving: Sendable, Equatable {
    enum Way: Sendable { case quit, suspend }
    var way: Way
    /// Clients that would lose their broker; nil while that is not known.
    var clients: Int?
    var question: Ticket
    /// Why the clients are not known.
    var problem: String?
}

// MARK: Leaving
extension ConsoleModel {
    /// Leaves at once, unless clients of a broker of our own would lose it.
    mutating func leave(_ way: Leaving.Way, _ effects: inout [Effect]) {
        guard settings.ownsBroker else { return effects.append(Self.effect(of: way)) }
        askWhoIsConnected(way, &effects)
    }

    private mutating func askWhoIsConnected(_ way: Leaving.Way, _ effects: inout [Effect]) {
        let ticket = ticket()
        leaving = Leaving(way: way, clients: nil, question: ticket)
        effects.append(.ask(ticket, .question(.clients)))
    }

    /// The answer to who is connected; false when the ticket is of another question.
    mutating func takeLeaving(_ ticket: Ticket, _ result: Result<Reply, APIError>, _ effects: inout [Effect]) -> Bool {
        guard let open = leaving, open.question == ticket else { return false }
        guard case .success(.told(.clients(let clients))) = result else {
            if case .failure(let error) = result { leaving?.problem = error.message }
            return true
        }
        let count = Set(clients.map(\.client.id)).count
        leaving?.clients = count
        if count == 0 { finishLeaving(&effects) }
        return true
    }

    mutating func pressWhileLeaving(_ key: Key, _ effects: inout [Effect]) {
        switch KeyTable.binding(for: key, in: .leave)?.operation {
        case .confirm: finishLeaving(&effects)
        case .cancel: leaving = nil
        case .dryRun: if let open = leaving, open.problem != nil { askWhoIsConnected(open.way, &effects) }
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
        var box = DialogBox(way == .quit ? tr("Leave?") : tr("Suspend?"), lines: 4, width: 78, in: rect, &painter)
        let text: String
        if let clients {
            let lose = Format.plural(clients, "client")
            text =
                way == .quit
                ? tr("Leaving ends the broker of this console: \(lose) would lose it.")
                : tr("Suspending stops the broker of this console: \(lose) would lose it.")
        } else if let problem {
            let sentence = OperateDialog.sentence(problem)
            text =
                way == .quit
                ? tr("Leaving ends the broker of this console. Who is connected to it is not known: \(sentence)")
                : tr("Suspending stops the broker of this console. Who is connected to it is not known: \(sentence)")
        } else {
            text =
                way == .quit
                ? tr("Leaving ends the broker of this console. Asking who is connected to it…")
                : tr("Suspending stops the broker of this console. Asking who is connected to it…")
        }
        box.paragraph(text, clients == nil && problem == nil ? .text : .warning, limit: 2, &painter)
        let verb = way == .quit ? tr("leave") : tr("suspend")
        let again = problem == nil ? [] : [("d", tr("try again"))]
        box.keys(again + [("y", verb), ("Esc", tr("stay"))], isFocused: false, &painter)
    }
}
