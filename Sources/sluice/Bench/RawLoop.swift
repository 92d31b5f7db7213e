import CSluice
import Glibc
import SluiceAPI
import SluiceMessage

/// What the machine gives without a broker: copy, the same sums, batched writes of as many bytes into the same kind of file.
struct RawLoop {
    var folder: String

    /// Records of this size a second: each copied, body CRC and record CRC-32C made, written by the MiB.
    func write(recordBytes: Int, bodyBytes: Int, bytes: Int64, seconds: Int64) throws -> Double {
        let path = folder + "/raw"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw APIError(.failed, "cannot create \(path): \(String(cString: strerror(errno)))")
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        let source = [UInt8](repeating: 98, count: recordBytes)
        let capacity = 1 << 20
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4_096)
        defer { buffer.deallocate() }
        var used = 0
        var count: Int64 = 0
        var written: Int64 = 0
        var sums: UInt32 = 0
        // Segments of the broker's size: a new file's pages cost more than those written before.
        let began = sluice_monotonic_nanoseconds()
        let end = began + seconds * 1_000_000_000
        while written < bytes || sluice_monotonic_nanoseconds() < end {
            while used + recordBytes <= capacity {
                source.withUnsafeBytes { bytes in
                    (buffer + used).copyMemory(
                        from: bytes.baseAddress ?? UnsafeRawPointer(buffer), byteCount: recordBytes)
                }
                let record = UnsafeRawBufferPointer(start: buffer + used, count: recordBytes)
                sums ^= Record.bodyCRC(UnsafeRawBufferPointer(rebasing: record[..<bodyBytes])) ^ Record.sum(record)
                used += recordBytes
                count += 1
            }
            guard pwrite(descriptor, buffer, used, off_t(written)) == used else {
                throw APIError(.failed, "cannot write \(path): \(String(cString: strerror(errno)))")
            }
            written += Int64(used)
            used = 0
        }
        let elapsed = sluice_monotonic_nanoseconds() - began
        return sums == 1 ? 0 : Double(count) * 1e9 / Double(elapsed)
    }

    /// Appends of 1.1 KB a second, each made durable by itself, into a file filled with zeros before.
    func syncs(seconds: Int64) throws -> Double {
        let path = folder + "/raw-sync"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw APIError(.failed, "cannot create \(path): \(String(cString: strerror(errno)))")
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for block in 0..<64 { _ = pwrite(descriptor, zeros, zeros.count, off_t(block << 20)) }
        fdatasync(descriptor)
        let record = [UInt8](repeating: 98, count: 1_126)
        var count = 0
        let began = sluice_monotonic_nanoseconds()
        while sluice_monotonic_nanoseconds() - began < seconds * 1_000_000_000 {
            guard pwrite(descriptor, record, record.count, off_t(count % 50_000 * record.count)) == record.count,
                fdatasync(descriptor) == 0
            else { throw APIError(.failed, "cannot write \(path): \(String(cString: strerror(errno)))") }
            count += 1
        }
        return Double(count) * 1e9 / Double(sluice_monotonic_nanoseconds() - began)
    }
}
