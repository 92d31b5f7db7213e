import SluiceAPI
import SluiceBroker
import SluiceMessage

/// A message made ready outside the producer's lock: checked, its properties encoded, its body compressed where that pays.
struct Draft {
    let topic: String
    private let queue: Int32
    private let flag: Int32
    private let systemFlag: Int32
    /// Encoded properties but for the unique key.
    private let properties: [UInt8]
    private let body: [UInt8]

    init(
        _ message: Message, _ options: ProducerOptions, halfOf group: String? = nil, systemFlag: Int32? = nil
    ) throws(APIError) {
        topic = message.topic
        queue =
            try message.queue.map { queue throws(APIError) in
                guard let number = Int32(exactly: queue), number >= 0 else {
                    throw APIError(.invalid, "there is no queue \(queue)")
                }
                return number
            } ?? -1
        flag = message.flag
        guard message.body.count <= Limits.maxBodyBytes else {
            throw APIError(
                .invalid, "the body has \(message.body.count) bytes, at most \(Limits.maxBodyBytes) are allowed")
        }
        var all = message.properties
        for property in all
        where PropertyCoding.hasSeparator(property.name) || PropertyCoding.hasSeparator(property.value) {
            throw APIError(.invalid, "property \(property.name) holds one of the control characters U+0001 and U+0002")
        }
        for text in message.keys + [message.tag ?? ""] where PropertyCoding.hasSeparator(text) {
            throw APIError(.invalid, "a key or tag holds one of the control characters U+0001 and U+0002")
        }
        if message.keys.contains(where: { $0.contains(" ") }) {
            throw APIError(.invalid, "a key holds a space, which separates keys")
        }
        if let tag = message.tag { all.append(Property(PropertyName.tags, tag)) }
        if !message.keys.isEmpty { all.append(Property(PropertyName.keys, message.keys.joined(separator: " "))) }
        if let group {
            all += [Property(PropertyName.transaction, "true"), Property(PropertyName.producerGroup, group)]
        } else {
            switch message.delay {
            case .level(let level): all.append(Property(PropertyName.delayLevel, String(level)))
            case .after(let milliseconds):
                all.append(Property(PropertyName.timerDelayMilliseconds, String(milliseconds)))
            case .at(let time): all.append(Property(PropertyName.timerDeliverAt, String(time)))
            case nil: break
            }
        }
        properties = PropertyCoding.encode(all)
        var flags = systemFlag ?? 0
        if group != nil { flags |= SystemFlag.prepared }
        if systemFlag == nil, let over = options.compressOver, message.body.count >= over,
            let packed = BodyCompression.compress(message.body)
        {
            body = packed
            flags |= SystemFlag.compressed | SystemFlag.zlib
        } else {
            body = message.body
        }
        self.systemFlag = flags
    }

    func add(to batch: PublishBatch, topic: Int32, id: String, now: Int64) {
        let separator = properties.isEmpty ? 0 : 1
        let target = batch.add(
            topic: topic, queue: queue, flag: flag, systemFlag: systemFlag, bornTimestamp: now,
            propertyBytes: 9 + id.utf8.count + separator + properties.count, bodyBytes: body.count)
        var at = Self.put("UNIQ_KEY", target, 0)
        for byte in id.utf8 {
            target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
            at += 1
        }
        if separator == 1 {
            target.storeBytes(of: PropertyCoding.valueEnd, toByteOffset: at, as: UInt8.self)
            at = properties.withUnsafeBytes { target.put($0, at: at + 1) }
        }
        _ = body.withUnsafeBytes { target.put($0, at: at) }
    }

    /// Writes the properties UNIQ_KEY and (unless it is empty) KEYS, and the body behind them.
    static func fill(
        _ target: UnsafeMutableRawPointer, _ id: SIMD32<UInt8>, _ key: UnsafeRawBufferPointer,
        _ body: UnsafeRawBufferPointer
    ) {
        var at = put("UNIQ_KEY", target, 0)
        target.storeBytes(of: id, toByteOffset: at, as: SIMD32<UInt8>.self)
        at += UniqueKeyMaker.length
        if !key.isEmpty {
            target.storeBytes(of: PropertyCoding.valueEnd, toByteOffset: at, as: UInt8.self)
            at = put("KEYS", target, at + 1)
            at = target.put(key, at: at)
        }
        _ = target.put(body, at: at)
    }

    /// Writes a property's name and the mark behind it; returns where its value begins.
    static func put(_ name: StaticString, _ target: UnsafeMutableRawPointer, _ at: Int) -> Int {
        let end = target.put(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), at: at)
        target.storeBytes(of: PropertyCoding.nameEnd, toByteOffset: end, as: UInt8.self)
        return end + 1
    }
}
