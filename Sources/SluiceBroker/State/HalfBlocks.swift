/// Entries in order of their keys, in blocks that are small enough to be moved about in and few enough to be counted through.
struct HalfBlocks: Sendable {
    private(set) var blocks: [HalfIndex.Block] = []
    /// By block: no key in it is below, and none of the block before is above.
    private var firsts: ContiguousArray<Int64> = []

    subscript(_ place: (block: Int, index: Int)) -> HalfIndex.Packed { blocks[place.block].items[place.index] }

    func entry(_ key: Int64) -> HalfIndex.Entry? { position(of: key).map { self[$0].entry } }

    /// The last block that may hold a key.
    private func block(of key: Int64) -> Int? {
        if let last = firsts.last, last <= key { return firsts.count - 1 }
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if firsts[middle] <= key { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }

    func position(of key: Int64) -> (block: Int, index: Int)? {
        guard let block = block(of: key) else { return nil }
        let index = blocks[block].position(of: key)
        guard index < blocks[block].items.count, blocks[block].items[index].key == key else { return nil }
        return (block, index)
    }

    /// False when there is one with that key.
    mutating func insert(_ item: HalfIndex.Packed) -> Bool {
        guard let last = blocks.last?.items.last else { return addBlock([item], at: 0) }
        if last.key < item.key {
            let block = blocks.count - 1
            guard blocks[block].items.count < HalfIndex.Block.most else { return addBlock([item], at: block + 1) }
            blocks[block].items.append(item)
            if !item.isMoved { blocks[block].unmoved += 1 }
            return true
        }
        let block = block(of: item.key) ?? 0
        let index = blocks[block].position(of: item.key)
        if index < blocks[block].items.count, blocks[block].items[index].key == item.key { return false }
        if blocks[block].items.count == HalfIndex.Block.most {
            let upper = blocks[block].items[(HalfIndex.Block.most / 2)...]
            _ = addBlock(ContiguousArray(upper), at: block + 1)
            blocks[block].items.removeLast(upper.count)
            blocks[block].unmoved -= blocks[block + 1].unmoved
            return insert(item)
        }
        blocks[block].items.insert(item, at: index)
        if !item.isMoved { blocks[block].unmoved += 1 }
        firsts[block] = min(firsts[block], item.key)
        return true
    }

    private mutating func addBlock(_ items: ContiguousArray<HalfIndex.Packed>, at index: Int) -> Bool {
        var block = HalfIndex.Block()
        block.items.reserveCapacity(HalfIndex.Block.most)
        block.items += items
        block.unmoved = items.count { !$0.isMoved }
        blocks.insert(block, at: index)
        firsts.insert(items.first?.key ?? 0, at: index)
        return true
    }

    mutating func take(_ place: (block: Int, index: Int)) -> HalfIndex.Entry {
        let item = blocks[place.block].items.remove(at: place.index)
        if !item.isMoved { blocks[place.block].unmoved -= 1 }
        if blocks[place.block].items.isEmpty {
            blocks.remove(at: place.block)
            firsts.remove(at: place.block)
        } else if blocks[place.block].items.count < HalfIndex.Block.most / 4 {
            merge(place.block)
        }
        return item.entry
    }

    /// Joins a block that has become small with the one behind it.
    private mutating func merge(_ block: Int) {
        guard block + 1 < blocks.count,
            blocks[block].items.count + blocks[block + 1].items.count <= HalfIndex.Block.most / 2
        else { return }
        let next = blocks.remove(at: block + 1)
        firsts.remove(at: block + 1)
        blocks[block].items += next.items
        blocks[block].unmoved += next.unmoved
    }

    /// An entry with the same key takes the place of another.
    mutating func replace(_ place: (block: Int, index: Int), with entry: HalfIndex.Entry) {
        let new = HalfIndex.Packed(entry)
        blocks[place.block].unmoved += (new.isMoved ? 0 : 1) - (self[place].isMoved ? 0 : 1)
        blocks[place.block].items[place.index] = new
    }
}
