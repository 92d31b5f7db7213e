/// Where copied halves are now: pairs in the order of their places, which only grow.
struct MovedHalves {
    private struct Place {
        var queueOffset: Int64
        /// Negative when it is there no more.
        var key: Int64
    }
    private var places: ContiguousArray<Place> = []
    private var head = 0
    private var gone = 0

    var isEmpty: Bool { places.count == gone }

    mutating func add(_ queueOffset: Int64, _ key: Int64) {
        let at = places.last.map { $0.queueOffset < queueOffset } ?? true ? places.count : position(queueOffset)
        places.insert(Place(queueOffset: queueOffset, key: key), at: at)
        head = min(head, at)
    }

    mutating func remove(_ queueOffset: Int64) {
        let at = position(queueOffset)
        guard at < places.count, places[at].queueOffset == queueOffset, places[at].key >= 0 else { return }
        places[at].key = -1
        gone += 1
        while head < places.count, places[head].key < 0 { head += 1 }
        guard gone > 1_024, gone * 2 > places.count else { return }
        places.removeAll { $0.key < 0 }
        head = 0
        gone = 0
    }

    func key(at queueOffset: Int64) -> Int64? {
        let at = position(queueOffset)
        guard at < places.count, places[at].queueOffset == queueOffset, places[at].key >= 0 else { return nil }
        return places[at].key
    }

    /// Keys in the order of their places.
    var keys: some Sequence<Int64> { places[head...].lazy.filter { $0.key >= 0 }.map(\.key) }

    private func position(_ queueOffset: Int64) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].queueOffset < queueOffset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
