import Glibc

/// The properties string of a record: `name U+0001 value U+0002 name U+0001 value …` (message format, 3).
public enum PropertyCoding {
    public static let nameEnd: UInt8 = 1
    public static let valueEnd: UInt8 = 2

    /// The string of these properties, without a trailing separator, as RocketMQ 4.9 writes it. Properties with an empty
    /// name or value are left out, since no reader would find them.
    public static func encode(_ properties: [Property]) -> [UInt8] {
        var bytes: [UInt8] = []
        for property in properties where !property.name.isEmpty && !property.value.isEmpty {
            if !bytes.isEmpty { bytes.append(valueEnd) }
            bytes.append(contentsOf: property.name.utf8)
            bytes.append(nameEnd)
            bytes.append(contentsOf: property.value.utf8)
        }
        return bytes
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer) -> [Property] {
        var properties: [Property] = []
        eachProperty(bytes) { name, value in
            properties.append(Property(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return properties
    }

    /// Calls `body` with name and value of each property; pieces without both are skipped, as RocketMQ does.
    @inlinable
    public static func eachProperty(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        var start = 0
        while start < bytes.count {
            let rest = bytes.count - start
            let end = memchr(base + start, Int32(valueEnd), rest).map { UnsafeRawPointer($0) - base } ?? bytes.count
            if let mark = memchr(base + start, Int32(nameEnd), end - start).map({ UnsafeRawPointer($0) - base }),
                mark > start, mark + 1 < end
            {
                body(
                    UnsafeRawBufferPointer(start: base + start, count: mark - start),
                    UnsafeRawBufferPointer(start: base + mark + 1, count: end - mark - 1))
            }
            start = end + 1
        }
    }

    /// Takes a property out of a string in place; returns how many bytes are left.
    public static func drop(_ name: StaticString, from bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var kept = 0
        var start = 0
        while start < bytes.count {
            let end =
                memchr(base + start, Int32(valueEnd), bytes.count - start).map { UnsafeMutableRawPointer($0) - base }
                ?? bytes.count
            let length = name.utf8CodeUnitCount
            let isIt =
                end - start > length && memcmp(base + start, name.utf8Start, length) == 0
                && bytes[start + length] == nameEnd
            if !isIt, end > start {
                if kept > 0 {
                    bytes[kept] = valueEnd
                    kept += 1
                }
                memmove(base + kept, base + start, end - start)
                kept += end - start
            }
            start = end + 1
        }
        return kept
    }

    /// True when a name or a value holds one of the two separators.
    public static func hasSeparator(_ text: String) -> Bool {
        text.utf8.contains { $0 == nameEnd || $0 == valueEnd }
    }
}

/// What a broker has to know of a message's properties, found in one pass.
public struct PropertyScan {
    public typealias Bytes = UnsafeRawBufferPointer
    /// The unique key, or else the id that a message without one was given when it was stored again.
    public var uniqueKey: Bytes?
    public var keys: Bytes?
    public var tags: Bytes?
    public var delayLevel: Bytes?
    public var timerDelaySeconds: Bytes?
    public var timerDelayMilliseconds: Bytes?
    public var timerDeliverAt: Bytes?
    public var producerGroup: Bytes?
    public var realTopic: Bytes?
    public var realQueue: Bytes?
    public var timerDue: Bytes?
    public var retryTopic: Bytes?
    public var immunity: Bytes?
    public var checkTimes: Bytes?
    /// SLUICE_ID; it stands for the unique key where there is none.
    public var identity: Bytes?
    public var halfState: Bytes?
    public var isTransaction = false
    public var hasWait = false
    public var hasCluster = false

    public init(_ properties: UnsafeRawBufferPointer) {
        PropertyCoding.eachProperty(properties) { name, value in take(name, value) }
    }

    private mutating func take(_ name: Bytes, _ value: Bytes) {
        switch name.count {
        case 4:
            if name.equals("KEYS") { keys = value } else if name.equals("TAGS") { tags = value }
            if name.equals("WAIT") { hasWait = true }
        case 5: if name.equals("DELAY") { delayLevel = value }
        case 6: if name.equals("PGROUP") { producerGroup = value }
        case 7: if name.equals("CLUSTER") { hasCluster = true }
        case 8:
            if name.equals("UNIQ_KEY") { uniqueKey = value } else if name.equals("REAL_QID") { realQueue = value }
            if name.equals("TRAN_MSG") { isTransaction = value.equals("true") }
        case 9:
            if name.equals("SLUICE_ID") {
                identity = value
                if uniqueKey == nil { uniqueKey = value }
            }
        case 10: if name.equals("REAL_TOPIC") { realTopic = value }
        case 11:
            if name.equals("RETRY_TOPIC") {
                retryTopic = value
            } else if name.equals("SLUICE_HALF") {
                halfState = value
            }
        case 12: if name.equals("TIMER_OUT_MS") { timerDue = value }
        case 14: if name.equals("TIMER_DELAY_MS") { timerDelayMilliseconds = value }
        case 15: if name.equals("TIMER_DELAY_SEC") { timerDelaySeconds = value }
        case 16: if name.equals("TIMER_DELIVER_MS") { timerDeliverAt = value }
        case 23: if name.equals("TRANSACTION_CHECK_TIMES") { checkTimes = value }
        case 30: if name.equals("CHECK_IMMUNITY_TIME_IN_SECONDS") { immunity = value }
        default: break
        }
    }

    /// True when the message has to wait somewhere before consumers may see it.
    public var isDelayed: Bool {
        delayLevel != nil || timerDelaySeconds != nil || timerDelayMilliseconds != nil || timerDeliverAt != nil
    }
}

extension UnsafeRawBufferPointer {
    /// True when these bytes are the text.
    @inlinable @inline(__always)
    public func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount
            && memcmp(baseAddress ?? UnsafeRawPointer(text.utf8Start), text.utf8Start, count) == 0
    }

    /// The decimal number these bytes spell; nil when they do not, or when it leaves Int64.
    public var decimal: Int64? { Int64(String(decoding: self, as: UTF8.self)) }
    public var text: String { String(decoding: self, as: UTF8.self) }
}
