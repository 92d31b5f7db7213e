// MARK: Mouse
extension ConsoleModel {
    /// The wheel scrolls, a click selects, orders or presses a key, a double click opens.
    mutating func handle(_ mouse: Mouse, _ effects: inout [Effect]) {
        guard prompt == nil else { return }
        if leaving != nil || dialog != nil { return handleInDialog(mouse, &effects) }
        // What is not drawn is not pressed.
        guard size.width >= Frame.minimum.width, size.height >= Frame.minimum.height else { return }
        switch mouse.kind {
        case .wheelUp: perform(.up, &effects)
        case .wheelDown: perform(.down, &effects)
        case .press, .doublePress:
            if mouse.y == size.height - 1, let key = Frame.footerKey(at: mouse.x, self) { return press(key, &effects) }
            if case .sort(let key)? = paint(size).clicks.target(x: mouse.x, y: mouse.y) { return sort(by: key) }
            clickRow(mouse, &effects)
        }
    }

    private mutating func clickRow(_ mouse: Mouse, _ effects: inout [Effect]) {
        guard let first = firstListRow, !isScroller else { return }
        let position = list.top + mouse.y - first
        guard mouse.y >= first, mouse.y < first + pageRows, rows.indices.contains(position) else { return }
        list.selected = position
        list.selectedID = rows[position].id
        list.isChosen = true
        if mouse.kind == .doublePress { open(&effects) }
    }

    // MARK: In dialogs
    private mutating func handleInDialog(_ mouse: Mouse, _ effects: inout [Effect]) {
        if mouse.kind == .wheelUp || mouse.kind == .wheelDown { return wheel(mouse.kind == .wheelUp, &effects) }
        let clicks = paint(size, withScreen: false).clicks
        switch clicks.target(x: mouse.x, y: mouse.y) {
        case .key(let key, let place):
            if leaving != nil { return pressWhileLeaving(key, &effects) }
            if let place { focus(place, clicks, &effects) }
            pressInDialog(key, &effects)
        case .place(let place): focus(place, clicks, &effects)
        case .choice(let place, let steps):
            focus(place, clicks, &effects)
            repeated(steps < 0 ? .cursorLeft : .cursorRight, abs(steps), &effects)
        case .row(let steps):
            repeated(steps < 0 ? .choiceUp : .choiceDown, abs(steps), &effects)
            if mouse.kind == .doublePress { repeated(.accept, 1, &effects) }
        case .sort, nil: break
        }
    }

    /// In a list to the next row, in a form to the next field.
    private mutating func wheel(_ isUp: Bool, _ effects: inout [Effect]) {
        guard leaving == nil else { return }
        switch dialog {
        case .chooser: repeated(isUp ? .choiceUp : .choiceDown, 1, &effects)
        case nil: break
        default: repeated(isUp ? .previousField : .nextField, 1, &effects)
        }
    }

    /// Moves the focus as Tab does, so that what a dialog does then is done.
    private mutating func focus(_ place: Int, _ clicks: ClickMap, _ effects: inout [Effect]) {
        // The keys come after the last field.
        let steps = place - (clicks.focused ?? clicks.places)
        repeated(steps < 0 ? .previousField : .nextField, abs(steps), &effects)
    }

    private mutating func repeated(_ operation: Operation, _ times: Int, _ effects: inout [Effect]) {
        for _ in 0..<times {
            guard let dialog else { return }
            perform(operation, in: dialog, &effects)
        }
    }
}
