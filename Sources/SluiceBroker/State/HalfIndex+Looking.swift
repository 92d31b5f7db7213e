import SluiceMessage

/// Who asks for halves: by key, place, id or age.
extension HalfIndex {
    func entry(key: Int64) -> Entry? { list.entry(key) }

    /// The half that is at an offset of the half queue now.
    func entry(_ queueOffset: Int64) -> Entry? {
        if let entry = entry(key: queueOffset), entry.queueOffset == queueOffset { return entry }
        return moved.key(at: queueOffset).flatMap { entry(key: $0) }
    }

    /// The newest half with that id.
    func entry(id: String) -> Entry? { entry(idHash: Self.hash(id)) }

    private func entry(idHash: Int) -> Entry? { newest(idHash).flatMap { entry(key: $0) } }

    private func newest(_ idHash: Int) -> Int64? {
        ids.find(idHash) { key in list.position(of: key).map { list[$0].idHash == idHash } ?? false }
    }

    /// Halves whose ids have that hash, newest first, a thousand at most.
    func entries(idHash: Int) -> [Entry] {
        guard let newest = newest(idHash) else { return [] }
        guard !twins.isEmpty else { return [entry(key: newest)].compactMap(\.self) }
        var found: [Entry] = []
        var next: Int64? = newest
        while let key = next, let entry = entry(key: key), found.count < 1_000 {
            found.append(entry)
            next = twins[key]?.older
        }
        return found
    }

    /// The one that is unresolved longest.
    var eldest: Entry? { list.blocks.first?.items.first?.entry }

    /// The one whose record the log has to keep first: that with the lowest place. Right after copying it tells the record
    /// copied from, which is needed until the copy cannot be lost.
    var oldest: Entry? {
        var found = lowestPlaced
        if let held = freshCopies.lazy.map(\.from).min(), var entry = found ?? eldest {
            entry.physicalOffset = min(entry.physicalOffset, held)
            found = entry
        }
        return found
    }

    /// The one with the lowest offset in the half queue.
    var lowestPlaced: Entry? {
        let unmoved = list.blocks.first { $0.unmoved > 0 }?.items.first { !$0.isMoved }?.entry
        let copied = moved.keys.first { _ in true }.flatMap { entry(key: $0) }
        guard let unmoved, let copied else { return unmoved ?? copied }
        return unmoved.queueOffset < copied.queueOffset ? unmoved : copied
    }

    /// Halves whose records lie before a place in the log, at most `limit`, those with the lowest places first.
    func entries(before physicalOffset: Int64, limit: Int) -> [Entry] {
        var found: [Entry] = []
        search: for block in list.blocks where block.unmoved > 0 {
            for item in block.items where !item.isMoved {
                guard found.count < limit, item.physicalOffset < physicalOffset else { break search }
                found.append(item.entry)
            }
        }
        let unmoved = found.count
        for key in moved.keys {
            guard found.count - unmoved < limit, let entry = entry(key: key), entry.physicalOffset < physicalOffset
            else { break }
            found.append(entry)
        }
        if unmoved > 0, found.count > unmoved { found.sort { $0.physicalOffset < $1.physicalOffset } }
        return Array(found.prefix(limit))
    }

    /// Entries by age, eldest first.
    func page(skip: Int, limit: Int) -> [Entry] {
        var entries: [Entry] = []
        var left = skip
        for block in list.blocks where entries.count < limit {
            if left >= block.items.count {
                left -= block.items.count
                continue
            }
            entries += block.items[left...].prefix(limit - entries.count).map(\.entry)
            left = 0
        }
        return entries
    }

    var all: some Sequence<Entry> { list.blocks.lazy.flatMap(\.items).map(\.entry) }

    func groupName(_ entry: Entry) -> String { groups[entry.group].name }
}
