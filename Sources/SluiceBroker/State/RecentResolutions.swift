import SluiceAPI

/// Who resolved the last halves, so that a late force can be told. Older ones are found through the op topic.
struct RecentResolutions {
    struct Item {
        var resolution: Resolution
        var origin: ResolutionOrigin
        var at: Int64
        /// Who, as `anna@host (claimed)`.
        var actor: String?
    }
    private var items: [Int: Item] = [:]
    private var order: [Int] = []

    subscript(id: String) -> Item? { items[HalfIndex.hash(id)] }

    mutating func add(_ hash: Int, _ item: Item) {
        if items.updateValue(item, forKey: hash) == nil { order.append(hash) }
        if order.count > 20_000 {
            for old in order.prefix(10_000) { items[old] = nil }
            order.removeFirst(10_000)
        }
    }
}
