/// A width and a height in columns and rows.
public struct Size: Sendable, Hashable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
    public init(_ width: Int, _ height: Int) { self.init(width: width, height: height) }
}

/// A rectangle of cells; `x` and `y` are the top left one. Never of negative width or height.
public struct Rect: Sendable, Hashable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }
    /// All of a screen.
    public init(_ size: Size) { self.init(x: 0, y: 0, width: size.width, height: size.height) }

    /// The first column to the right.
    public var maxX: Int { x + width }
    /// The first row below.
    public var maxY: Int { y + height }
    public var size: Size { Size(width: width, height: height) }
    public var isEmpty: Bool { width == 0 || height == 0 }

    public func contains(x column: Int, y row: Int) -> Bool {
        column >= x && column < maxX && row >= y && row < maxY
    }

    /// Smaller by so many cells on each side; what would be negative is empty.
    public func inset(by cells: Int) -> Rect { inset(horizontal: cells, vertical: cells) }

    public func inset(horizontal: Int, vertical: Int) -> Rect {
        Rect(x: x + horizontal, y: y + vertical, width: width - 2 * horizontal, height: height - 2 * vertical)
    }

    /// The part inside of both.
    public func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return Rect(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
    }

    /// A rectangle of at most this size in the middle.
    public func centred(_ size: Size) -> Rect {
        let width = min(size.width, self.width)
        let height = min(size.height, self.height)
        return Rect(
            x: x + (self.width - width) / 2, y: y + (self.height - height) / 2, width: width, height: height)
    }
}

// MARK: Splitting
extension Rect {
    /// Cut from top to bottom. A positive height is so many rows, a negative one that share of what is left over
    /// (`[1, -2, -1, 1]`: first and last a row, the middle two to one). What no longer fits is empty.
    public func rows(_ heights: [Int]) -> [Rect] {
        var top = y
        return Rect.lengths(heights, of: height).map { length in
            defer { top += length }
            return Rect(x: x, y: top, width: width, height: length)
        }
    }

    /// Cut from left to right; see ``rows(_:)``.
    public func columns(_ widths: [Int]) -> [Rect] {
        var left = x
        return Rect.lengths(widths, of: width).map { length in
            defer { left += length }
            return Rect(x: left, y: y, width: length, height: height)
        }
    }

    private static func lengths(_ wanted: [Int], of total: Int) -> [Int] {
        let fixed = wanted.reduce(0) { $0 + max(0, $1) }
        var shares = wanted.reduce(0) { $0 + max(0, -$1) }
        var spare = max(0, total - fixed)
        var left = total
        return wanted.map { want in
            var length = want
            if want < 0 {
                length = shares > 0 ? spare * -want / shares : 0
                shares += want
                spare -= length
            }
            length = max(0, min(length, left))
            left -= length
            return length
        }
    }
}
