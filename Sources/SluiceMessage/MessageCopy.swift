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

extension StoredMessage {
    /// The message to publish so that this one is seen again; it names its source.
    public func replayed(to topic: String?) -> Message {
        var kept = properties.filter {
            !PropertyName.ownWay.contains($0.name) && $0.name != PropertyName.tags && $0.name != PropertyName.keys
        }
        kept.append(
            Property(PropertyName.replayOf, PropertyName.source(id: id, physicalOffset: physicalOffset)))
        return Message(
            topic: topic ?? realTopic, body: body, tag: tag, keys: keys, properties: kept, flag: flag,
            queue: topic == nil && realTopic == self.topic ? queue : nil)
    }

    /// A copy's body is as it was stored, so it keeps the flags that say how it is compressed.
    public var replaySystemFlag: Int32 { systemFlag & SystemFlag.bodyMask }
}
