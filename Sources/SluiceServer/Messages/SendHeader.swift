import SluiceRemoting

/// The header of a send request in either of its forms (requests, 2); values point into the frame.
struct SendHeader {
    let topic: FieldValue
    var queue: Int32 = -1
    var systemFlag: Int32 = 0
    var flag: Int32 = 0
    var bornTimestamp: Int64 = 0
    var defaultQueues: Int32 = 0
    var reconsumeTimes: Int32 = 0
    /// Whose settings a topic that is not there yet would get.
    var template: FieldValue?
    /// Negative where the client leaves the limit to the group.
    var maxReconsumeTimes: Int32 = -1
    var properties: FieldValue?
    var isBatch = false

    /// Nil when a field that every client sends is missing.
    init?(_ header: HeaderReader) {
        let short = header.code != RequestCode.sendMessage && header.code != RequestCode.sendReplyMessage
        guard let topic = short ? header["b"] : header["topic"],
            let queue = (short ? header["e"] : header["queueId"])?.int32,
            let born = (short ? header["g"] : header["bornTimestamp"])?.integer
        else { return nil }
        self.topic = topic
        self.queue = queue
        bornTimestamp = born
        systemFlag = (short ? header["f"] : header["sysFlag"])?.int32 ?? 0
        flag = (short ? header["h"] : header["flag"])?.int32 ?? 0
        defaultQueues = (short ? header["d"] : header["defaultTopicQueueNums"])?.int32 ?? 0
        template = short ? header["c"] : header["defaultTopic"]
        reconsumeTimes = (short ? header["j"] : header["reconsumeTimes"])?.int32 ?? 0
        properties = short ? header["i"] : header["properties"]
        isBatch = (short ? header["m"] : header["batch"])?.bool ?? false
        if header.version >= WireVersion.ownRetryLimit {
            maxReconsumeTimes = (short ? header["l"] : header["maxReconsumeTimes"])?.int32 ?? -1
        }
    }
}

/// The messages of a batch's body (message format, 6), laid back to back.
struct BatchBody {
    struct Part {
        var flag: Int32
        var body: UnsafeRawBufferPointer
        var properties: UnsafeRawBufferPointer
    }
    private let bytes: UnsafeRawBufferPointer

    /// Nil when the lengths in it do not agree.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        while at < bytes.count {
            guard let (_, size) = Self.part(bytes, at) else { return nil }
            at += size
        }
        self.bytes = bytes
    }

    func eachPart(_ body: (Part) -> Void) {
        var at = 0
        while let (part, size) = Self.part(bytes, at) {
            body(part)
            at += size
        }
    }

    private static func part(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Part, Int)? {
        guard let base = bytes.baseAddress, at + 22 <= bytes.count else { return nil }
        func integer<T: FixedWidthInteger>(_ type: T.Type, _ offset: Int) -> T {
            T(bigEndian: base.loadUnaligned(fromByteOffset: at + offset, as: T.self))
        }
        let size = Int(integer(Int32.self, 0))
        let bodyBytes = Int(integer(Int32.self, 16))
        guard size >= 22, at + size <= bytes.count, bodyBytes >= 0, 20 + bodyBytes + 2 <= size else { return nil }
        let propertyBytes = Int(integer(UInt16.self, 20 + bodyBytes))
        guard 22 + bodyBytes + propertyBytes == size else { return nil }
        return (
            Part(
                flag: integer(Int32.self, 12),
                body: UnsafeRawBufferPointer(start: base + at + 20, count: bodyBytes),
                properties: UnsafeRawBufferPointer(start: base + at + 22 + bodyBytes, count: propertyBytes)), size
        )
    }
}
