import SluiceMessage

/// What a record is found by.
extension Store {
    @inline(__always)
    func addKeys(_ scan: borrowing PropertyScan, topicHash: UInt32, at offset: Int64) {
        if let key = scan.uniqueKey, let base = key.baseAddress {
            index.append(hash: KeyIndex.hash(topic: topicHash, key: base, count: key.count), physicalOffset: offset)
        }
        guard let keys = scan.keys, let base = keys.baseAddress else { return }
        var start = 0
        for at in 0...keys.count where at == keys.count || keys[at] == UInt8(ascii: " ") {
            if at > start {
                index.append(
                    hash: KeyIndex.hash(topic: topicHash, key: base + start, count: at - start), physicalOffset: offset)
            }
            start = at + 1
        }
    }

    /// What keys of a topic are hashed with.
    public static func topicHash(_ topic: String) -> UInt32 { KeyIndex.topicHash(topic) }
}
