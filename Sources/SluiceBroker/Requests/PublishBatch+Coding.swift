import SluiceAPI
import SluiceMessage

/// A batch as bytes, for the broker of another process: topics, entries, then the buffer as it is; and its results.
extension PublishBatch {
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt32(topics.count))
        for topic in topics { writer.put(topic) }
        writer.put(UInt32(entries.count))
        for entry in entries {
            for number in [entry.topic, entry.queue, entry.flag, entry.systemFlag, entry.reconsumeTimes] {
                writer.put(number)
            }
            writer.put(entry.bornTimestamp)
            writer.put(entry.propertyBytes)
            writer.put(entry.bodyBytes)
        }
        var bytes = writer.bytes
        for entry in entries {
            bytes.append(contentsOf: properties(entry))
            bytes.append(contentsOf: body(entry))
        }
        return bytes
    }

    /// Nil when the lengths in the bytes do not agree.
    public convenience init?(_ bytes: [UInt8], bornHost: HostAddress) {
        var reader = ByteReader(bytes)
        self.init(bornHost: bornHost)
        guard let topicCount = reader.take(UInt32.self), topicCount < 65_536 else { return nil }
        for _ in 0..<topicCount {
            guard let name = reader.takeText() else { return nil }
            _ = topic(name)
        }
        guard topics.count == Int(topicCount), let count = reader.take(UInt32.self) else { return nil }
        typealias Numbers = (topic: Int32, queue: Int32, flag: Int32, system: Int32, times: Int32)
        var read: [(numbers: Numbers, born: Int64, properties: Int32, body: Int32)] = []
        for _ in 0..<count {
            guard let topic = reader.take(Int32.self), let queue = reader.take(Int32.self),
                let flag = reader.take(Int32.self), let system = reader.take(Int32.self),
                let times = reader.take(Int32.self), let born = reader.take(Int64.self),
                let properties = reader.take(Int32.self), let body = reader.take(Int32.self),
                topic >= 0, topic < topicCount, properties >= 0, body >= 0
            else { return nil }
            read.append(((topic, queue, flag, system, times), born, properties, body))
        }
        for (numbers, born, properties, body) in read {
            guard let part = reader.takeBytes(Int(properties) + Int(body)) else { return nil }
            let target = add(
                topic: numbers.topic, queue: numbers.queue, flag: numbers.flag, systemFlag: numbers.system,
                reconsumeTimes: numbers.times, bornTimestamp: born, propertyBytes: Int(properties),
                bodyBytes: Int(body))
            part.withUnsafeBytes { raw in _ = target.put(raw, at: 0) }
        }
    }

    /// What became of every entry.
    public func encodedResults() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(storeHost.address)
        writer.put(storeHost.port)
        for (index, entry) in entries.enumerated() {
            if let error = error(index) {
                writer.put(UInt8(1))
                writer.put(error.code.rawValue)
                writer.put(error.message)
            } else {
                writer.put(UInt8(0))
                writer.put(entry.queue)
                writer.put(entry.queueOffset)
                writer.put(entry.physicalOffset)
            }
        }
        return writer.bytes
    }

    /// Takes the results over from another process; false when they do not fit this batch.
    public func takeResults(_ bytes: [UInt8]) -> Bool {
        var reader = ByteReader(bytes)
        guard let address = reader.take(UInt32.self), let port = reader.take(UInt32.self) else { return false }
        storeHost = HostAddress(address: address, port: port)
        for index in entries.indices {
            guard let failed = reader.take(UInt8.self) else { return false }
            if failed == 1 {
                guard let code = reader.takeText(), let message = reader.takeText() else { return false }
                fail(index, APIError(APIError.Code(rawValue: code) ?? .failed, message))
                continue
            }
            guard let queue = reader.take(Int32.self), let offset = reader.take(Int64.self),
                let place = reader.take(Int64.self)
            else { return false }
            stored(index, queue: queue, queueOffset: offset, physicalOffset: place)
        }
        return true
    }
}
