/// Help, made from the key table and the commands.
enum HelpScreen {
    struct Line {
        var spans: [Span]
    }

    static func lines(_ bindings: [KeyBinding] = KeyTable.bindings) -> [[Span]] {
        var lines: [[Span]] = []
        let everywhere = bindings.filter { $0.context == .everywhere }
        lines += section(tr("Everywhere"), everywhere)
        var said: Set<String> = []
        for screen in Screen.allCases {
            let own = bindings.filter {
                $0.context != .everywhere && $0.applies(to: screen) && !isMoving($0.operation)
            }
            let title = screen.title
            if !own.isEmpty, said.insert(title).inserted { lines += section(title, own) }
        }
        lines += section(tr("In lists"), bindings.filter { isMoving($0.operation) })
        lines.append([])
        lines.append([Span(tr("Commands"), .title)])
        for command in CommandTable.commands {
            let names = command.names.joined(separator: ", ")
            lines.append([Span("  :" + DisplayWidth.pad(names, to: 31), .key), Span(tr(key: command.help))])
        }
        lines.append([])
        lines.append([Span(tr("Filters"), .title)])
        for (key, text) in [
            ("/text", tr("what contains it, in any case; ^ $ . * + ? [] () | make it a regular expression")),
            ("/!text", tr("what does not match")), ("/-f text", tr("its letters in that order, with others between")),
        ] {
            lines.append([Span("  " + DisplayWidth.pad(key, to: 32), .key), Span(text)])
        }
        for kind in DialogKind.allCases where kind != .chooser && kind != .jump {
            let list = KeyTable.bindings.filter { $0.context == .dialog(kind) && $0.label != nil }
            lines += section(tr("Dialog: \(tr(key: kind.rawValue))"), list)
        }
        return lines
    }

    private static func isMoving(_ operation: Operation) -> Bool {
        [.up, .down, .pageUp, .pageDown, .top, .bottom, .open].contains(operation)
    }

    private static func section(_ title: String, _ bindings: [KeyBinding]) -> [[Span]] {
        guard !bindings.isEmpty else { return [] }
        return [[], [Span(title, .title)]]
            + bindings.map { binding in
                let keys = binding.keys.map(\.name).joined(separator: "  ")
                return [Span("  " + DisplayWidth.pad(keys, to: 32), .key), Span(tr(key: binding.help))]
            }
    }

    static func draw(_ model: ConsoleModel, _ rect: Rect, _ painter: inout Painter) {
        painter.rule(rect, tr("Help · every key"), trailing: [Span("Esc", .key), Span(tr(" back"), .dim)])
        let all = Array(lines(model.settings.keymap.bindings).dropFirst())
        for row in 0..<max(0, rect.height - 1) where all.indices.contains(model.list.top + row) {
            painter.put(all[model.list.top + row], x: rect.x + 2, y: rect.y + 1 + row, width: rect.width - 3)
        }
    }
}
