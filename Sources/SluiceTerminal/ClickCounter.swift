import SluiceConsole

/// Tells a second press at the same place from two presses.
struct ClickCounter {
    private var last: (x: Int, y: Int, time: Int64)?

    /// - Parameter time: monotonic ns.
    mutating func count(_ mouse: Mouse, at time: Int64) -> Mouse {
        guard mouse.kind == .press else { return mouse }
        if let last, last.x == mouse.x, last.y == mouse.y, time - last.time < 400_000_000 {
            self.last = nil
            return Mouse(x: mouse.x, y: mouse.y, kind: .doublePress)
        }
        last = (mouse.x, mouse.y, time)
        return mouse
    }
}
