import SluiceMessage

/// Writes the records of the queue journal: a kind byte, then big-endian fields.
struct RecordWriter {
    private var writer = ByteWriter()
    var bytes: [UInt8] { writer.bytes }

    mutating func define(_ queue: ConsumeQueue) {
        writer.put(UInt8(ascii: "Q"))
        writer.put(queue.number)
        writer.put(queue.queue)
        writer.put(queue.topic)
    }

    mutating func chunk(_ number: UInt32, _ chunk: ConsumeQueue.Chunk) {
        writer.put(UInt8(ascii: "C"))
        writer.put(number)
        writer.put(chunk.position)
        writer.put(chunk.first)
        writer.put(chunk.capacity)
    }

    mutating func flushed(_ queue: ConsumeQueue) {
        writer.put(UInt8(ascii: "F"))
        writer.put(queue.number)
        writer.put(queue.maxOffset)
        writer.put(queue.minOffset)
    }

    mutating func delete(_ number: UInt32) {
        writer.put(UInt8(ascii: "D"))
        writer.put(number)
    }
}

/// Reads what ``RecordWriter`` wrote; ends at the first byte that makes no sense.
struct RecordReader {
    enum Record {
        case define(number: UInt32, queue: Int32, topic: String)
        case chunk(number: UInt32, ConsumeQueue.Chunk)
        case flushed(number: UInt32, offset: Int64, min: Int64)
        case delete(number: UInt32)
    }
    private var reader: ByteReader

    init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

    mutating func next() -> Record? {
        guard let kind = reader.take(UInt8.self), let number = reader.take(UInt32.self) else { return nil }
        switch kind {
        case UInt8(ascii: "Q"):
            guard let queue = reader.take(Int32.self), let topic = reader.takeText() else { return nil }
            return .define(number: number, queue: queue, topic: topic)
        case UInt8(ascii: "C"):
            guard let position = reader.take(Int64.self), let first = reader.take(Int64.self),
                let capacity = reader.take(Int32.self), position >= 0, capacity > 0
            else { return nil }
            return .chunk(number: number, .init(position: position, first: first, capacity: capacity))
        case UInt8(ascii: "F"):
            guard let offset = reader.take(Int64.self), let min = reader.take(Int64.self) else { return nil }
            return .flushed(number: number, offset: offset, min: min)
        case UInt8(ascii: "D"): return .delete(number: number)
        default: return nil
        }
    }
}
