import SluiceAPI
import SluiceMessage

// MARK: The line for commands and filters
extension ConsoleModel {
    mutating func pressInPrompt(_ key: Key, _ effects: inout [Effect]) {
        if case .character(let character) = key {
            prompt?.field.insert(String(character))
            prompt?.recalled = nil
            return applyFilterPrompt()
        }
        guard let operation = KeyTable.promptBinding(for: key)?.operation else { return }
        switch operation {
        case .accept: acceptPrompt(&effects)
        case .cancel: cancelPrompt()
        case .complete: if let best = completions.first { prompt?.field.set(best + (best.contains(" ") ? "" : " ")) }
        case .choiceUp: recall(1)
        case .choiceDown: recall(-1)
        default:
            // Backspace on an empty line leaves it, as in an editor.
            if operation == .deleteBack, prompt?.field.isEmpty == true { return cancelPrompt() }
            _ = prompt?.field.edit(operation)
            applyFilterPrompt()
        }
    }

    var completions: [String] {
        prompt?.completions(
            topics: (data.topics.value ?? []).filter { $0.kind == .normal }.map(\.config.name).sorted(),
            groups: (data.groups.value ?? []).map(\.config.name).sorted(), themes: themeNames) ?? []
    }

    /// A filter works while it is typed.
    mutating func applyFilterPrompt() {
        guard let prompt, prompt.kind == .filter else { return }
        list.filter = Filter(prompt.field.text)
        arrange()
    }

    private mutating func cancelPrompt() {
        if let prompt, prompt.kind == .filter {
            list.filter = prompt.before
            arrange()
        }
        prompt = nil
    }

    private mutating func acceptPrompt(_ effects: inout [Effect]) {
        guard let prompt else { return }
        self.prompt = nil
        if prompt.kind == .command { run(prompt.field.trimmed, &effects) }
    }

    private mutating func recall(_ step: Int) {
        guard prompt?.kind == .command, !commandHistory.isEmpty else { return }
        let position = (prompt?.recalled ?? -1) + step
        guard commandHistory.indices.contains(position) else {
            if position < 0 {
                prompt?.recalled = nil
                prompt?.field.set("")
            }
            return
        }
        prompt?.recalled = position
        prompt?.field.set(commandHistory[commandHistory.count - 1 - position])
    }

    mutating func run(_ line: String, _ effects: inout [Effect]) {
        guard !line.isEmpty else { return }
        if commandHistory.last != line { commandHistory.append(line) }
        if commandHistory.count > 100 { commandHistory.removeFirst() }
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        let argument = parts.count > 1 ? parts[1].filter { $0 != " " } : nil
        guard let name = parts.first, let command = CommandTable.find(name) else {
            say(tr("No command \(line); Tab shows what there is."), .bad)
            return effects.append(.bell)
        }
        let raw = parts.count > 1 ? parts[1].trimmingSpaces : nil
        run(command, argument, raw: raw, isForced: name.hasSuffix("!"), &effects)
    }

    /// - Parameters:
    ///   - argument: without its spaces, for names; `raw` as it was typed, for files.
    ///   - isForced: said with an exclamation mark, which asks nothing.
    private mutating func run(
        _ command: Command, _ argument: String?, raw: String?, isForced: Bool, _ effects: inout [Effect]
    ) {
        switch command.name {
        case "overview": go(to: .overview, &effects)
        case "topics": go(to: .topics, &effects)
        case "topic": go(to: argument.map(Location.topic) ?? .topics, &effects)
        case "groups": go(to: .groups, &effects)
        case "group": go(to: argument.map(Location.group) ?? .groups, &effects)
        case "delays":
            go(to: .delays, &effects)
            if let argument { find(topic: argument, key: nil, &effects) }
        case "tx": go(to: .transactions, &effects)
        case "dead-letters":
            if let argument { goToDeadLetters(of: argument, &effects) } else { go(to: .deadLetters, &effects) }
        case "clients": go(to: .clients, &effects)
        case "brokers": go(to: .brokers, &effects)
        case "audit": go(to: .audit, &effects)
        case "settings": go(to: .settings, &effects)
        case "flood": go(to: .peakShaving, &effects)
        case "scenarios": go(to: .scenarios, &effects)
        case "help": go(to: .help, &effects)
        case "pause": perform(.pause, &effects)
        case "quit": isForced ? effects.append(.quit) : leave(.quit, &effects)
        case "export": export(to: raw, &effects)
        case "save": saveView(raw, &effects)
        case "view": loadView(raw, &effects)
        case "publish":
            if let reason = whyNoActing { return say(reason, .bad) }
            openPublish(topic: argument)
        case "replay":
            if let reason = whyNoActing { return say(reason, .bad) }
            guard let argument else { return say(tr("Which group? :replay GROUP"), .bad) }
            go(to: .group(argument), &effects)
            if let reason = whyNoReplay { return say(reason, .bad) }
            openReset(argument, &effects)
        case "replays": go(to: .replays, &effects)
        case "undo":
            if let reason = whyNoUndo { return say(reason, .bad) }
            takeBack(&effects)
        case "calls": go(to: .calls, &effects)
        case "replay-time":
            if let reason = whyNoAct(.pacedReplay) { return say(reason, .bad) }
            guard let argument else { return say(tr("Which topic? :replay-time TOPIC"), .bad) }
            openRange(argument, &effects)
        case "theme":
            guard let argument else { return chooseTheme(&effects) }
            effects.append(.loadTheme(argument))
        case "language": speak(argument)
        case "interval":
            guard let argument else { return chooseInterval() }
            setInterval(argument)
        default: break
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
