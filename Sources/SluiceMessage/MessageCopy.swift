extension PropertyName {
    /// Properties that belong to a message's own way through the broker: a copy does not carry them on.
    public static let ownWay: Set<String> = ownTry.union([uniqueKey, cluster, retryTopic, originMessageID])
    /// What a dead letter leaves behind when its group gets it again: it is still the same message, of the same topic.
    public static let ownTry: Set<String> = [
        wait, delayLevel, realTopic, realQueue, transaction, producerGroup, checkTimes, checkImmunity,
        timerDelaySeconds, timerDelayMilliseconds, timerDeliverAt, timerDue, replayOf,
    ]

    /// The value of ``replayOf`` for a copy of a message.
    public static func source(id: String, physicalOffset: Int64) -> String { id + "@" + String(physicalOffset) }
}

extension PropertyCoding {
    /// The string of a record's properties without some of them, and with others behind them. What stays does so byte for
    /// byte.
    public static func copy(
        _ properties: UnsafeRawBufferPointer, without dropped: Set<String>, adding more: [Property]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(properties.count + 160)
        eachProperty(properties) { name, value in
            guard !dropped.contains(name.text) else { return }
            if !bytes.isEmpty { bytes.append(valueEnd) }
            bytes.append(contentsOf: name)
            bytes.append(nameEnd)
            bytes.append(contentsOf: value)
        }
        let added = encode(more)
        if !bytes.isEmpty, !added.isEmpty { bytes.append(valueEnd) }
        return bytes + added
    }
}
