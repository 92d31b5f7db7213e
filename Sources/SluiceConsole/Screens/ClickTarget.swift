/// What a click on a part of the frame is meant for.
enum ClickTarget: Equatable {
    /// The title of a column: order by it.
    case sort(SortKey)
    /// A field or a line of choices of a dialog, counted from its top.
    case place(Int)
    /// One of several choices on such a line: how many further than the chosen one.
    case choice(place: Int, steps: Int)
    /// A row of a list in a dialog: how many below the selected one.
    case row(steps: Int)
    /// A key in the last line of a dialog; `place` when it counts only with the focus there.
    case key(Key, place: Int?)
}

/// What was drawn that can be clicked, and where the focus of the dialog stands among its places.
struct ClickMap {
    private var targets: [(rect: Rect, target: ClickTarget)] = []
    /// Fields and lines of choices so far, those too that there was no room for.
    private(set) var places = 0
    /// The place with the focus; nil while none of those has it.
    private(set) var focused: Int?

    mutating func add(_ target: ClickTarget, _ rect: Rect) { targets.append((rect, target)) }

    /// The next place of the dialog; `rect` is nil where there was no room for it.
    mutating func addPlace(_ rect: Rect?, isFocused: Bool) {
        if isFocused { focused = places }
        if let rect { add(.place(places), rect) }
        places += 1
    }

    /// What lies uppermost at a cell.
    func target(x: Int, y: Int) -> ClickTarget? { targets.last { $0.rect.contains(x: x, y: y) }?.target }
}
