// MARK: View
extension ConsoleModel {
    /// What the terminal is to show.
    public func view(_ size: Size) -> CellBuffer {
        Language.$current.withValue(settings.language) { paint(size).buffer }
    }

    /// Where text is being typed, on a screen of the size that was last told; nil hides the cursor.
    public var cursor: (x: Int, y: Int)? {
        guard prompt != nil || dialog?.isTyping == true else { return nil }
        return Language.$current.withValue(settings.language) { paint(size, withScreen: false).cursor }
    }

    func paint(_ size: Size, withScreen: Bool = true) -> Painter {
        let size = Size(width: max(0, size.width), height: max(0, size.height))
        var painter = Painter(size: size, theme: theme, glyphs: settings.glyphs)
        guard size.width >= Frame.minimum.width, size.height >= Frame.minimum.height else {
            Frame.drawTooSmall(&painter, size)
            return painter
        }
        let content = Frame.content(size)
        if withScreen {
            Frame.drawHeader(self, &painter)
            Frame.drawFooter(self, &painter)
            draw(content, &painter)
            if isShownFromBefore { painter.grey(content) }
        }
        Frame.drawStatus(self, &painter)
        if let dialog { draw(dialog, content, &painter) }
        if let leaving {
            // What lies beneath takes no clicks.
            painter.clicks = ClickMap()
            leaving.draw(content, &painter)
        }
        return painter
    }

    private func draw(_ rect: Rect, _ painter: inout Painter) {
        switch place {
        case .overview: OverviewScreen.draw(self, rect, &painter)
        case .topics: TopicsScreen.draw(self, rect, &painter)
        case .groups: GroupsScreen.draw(self, rect, &painter)
        case .topic(let name): TopicScreen.draw(self, name, rect, &painter)
        case .group(let name): GroupScreen.draw(self, name, rect, &painter)
        case .messages(let id): MessagesScreen.draw(self, id, rect, &painter)
        case .message(let id, let offset): MessageScreen.draw(self, id, offset, rect, &painter)
        case .delays: DelaysScreen.draw(self, rect, &painter)
        case .transactions: TransactionsScreen.draw(self, rect, &painter)
        case .peakShaving: PeakShavingScreen.draw(self, rect, &painter)
        case .deadLetters: DeadLettersScreen.draw(self, rect, &painter)
        case .clients: ClientsScreen.draw(self, rect, &painter)
        case .brokers: BrokersScreen.draw(self, rect, &painter)
        case .audit: AuditScreen.draw(self, rect, &painter)
        case .settings: SettingsScreen.draw(self, rect, &painter)
        case .scenarios: ScenariosScreen.draw(self, rect, &painter)
        case .help: HelpScreen.draw(self, rect, &painter)
        case .replays: ReplaysScreen.draw(self, rect, &painter)
        case .calls: CallsScreen.draw(self, rect, &painter)
        }
    }

    private func draw(_ dialog: Dialog, _ rect: Rect, _ painter: inout Painter) {
        switch dialog {
        case .publish(let form): form.draw(self, rect, &painter)
        case .operate(let open): open.draw(self, rect, &painter)
        case .whatIf(let open): open.draw(self, rect, &painter)
        case .find(let open): open.draw(rect, &painter)
        case .chooser(let chooser): chooser.draw(rect, &painter)
        case .jump(let open): open.draw(rect, &painter)
        }
    }

    // MARK: Where the list is
    /// Rows above the first row of the list in front.
    var firstListRow: Int? {
        let top = Frame.content(size).y
        switch screen {
        case .overview: return OverviewScreen.attentionRect(self).map { $0.y + 1 }
        case .topics, .groups, .messages, .transactions, .deadLetters, .clients, .brokers, .audit, .replays, .calls:
            return top + 2
        case .topic: return top + 4
        case .group: return top + 5
        case .delays: return top + DelaysScreen.chartHeight(size) + 2
        case .scenarios: return top + 1
        case .message, .peakShaving, .help, .settings: return nil
        }
    }

    /// Rows of the list that are visible at a time.
    var pageRows: Int {
        let content = Frame.content(size)
        switch screen {
        case .overview: return OverviewScreen.attentionRows(self)
        case .help, .settings: return max(0, content.height - 1)
        case .message: return MessageScreen.bodyRows(self)
        case .transactions, .deadLetters, .clients, .brokers, .audit:
            return max(0, content.height - 2 - screen.detailHeight(content.height) - noteLines)
        // A line is left for the header of the groups.
        case .topic: return max(0, content.maxY - (firstListRow ?? content.y) - 1)
        case .peakShaving: return 0
        case .scenarios: return ScenariosScreen.listRows(self)
        default: return max(0, content.maxY - (firstListRow ?? content.y) - noteLines)
        }
    }
}
