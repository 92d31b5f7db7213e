import CDeflate
import Foundation
import GRDB
import Glibc
import SluiceAPI

/// An archive of gzip files, one for each minute and stream. Each batch is a gzip member of its own, so that a file can be
/// read by every gunzip. An index says how far each file is good: what a crash left behind that is cut off.
final class ArchiveSink: LogSink {
    private let folder: String
    private let index: DatabaseQueue

    init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        index = try openServiceDatabase(
            folder + "/index.sqlite",
            schema: """
                CREATE TABLE IF NOT EXISTS members (
                    batch TEXT PRIMARY KEY, file TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
                    lines INTEGER NOT NULL, plain INTEGER NOT NULL);
                CREATE INDEX IF NOT EXISTS by_file ON members (file);
                """)
    }

    func take(_ batches: [LogBatch]) throws -> Int {
        try index.write { database in
            var repeats = 0
            for batch in batches {
                let known = try Int.fetchOne(
                    database, sql: "SELECT 1 FROM members WHERE batch = ?", arguments: [batch.id])
                if known != nil { repeats += 1 } else { try append(batch, database) }
            }
            return repeats
        }
    }

    /// Bytes first, then the entry: the other way round it could speak of what is not there.
    private func append(_ batch: LogBatch, _ database: Database) throws {
        let minute = batch.lines.first.map { String(decoding: $0.prefix(16), as: UTF8.self) } ?? "none"
        let name = "\(batch.stream)-\(minute.filter { $0.isASCII && ($0.isNumber || $0.isLetter) }).log.gz"
        let start = try Int.fetchOne(
            database, sql: "SELECT MAX(start + length) FROM members WHERE file = ?", arguments: [name])
        let plain = batch.bytes
        let packed = try Self.gzip(plain)
        try write(packed, to: name, at: start ?? 0)
        try database.execute(
            sql: "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [batch.id, name, start ?? 0, packed.count, batch.lines.count, plain.count])
    }

    private func write(_ bytes: [UInt8], to name: String, at start: Int) throws {
        let file = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("open", name) }
        defer { Glibc.close(file) }
        guard ftruncate(file, off_t(start)) == 0, pwrite(file, bytes, bytes.count, off_t(start)) == bytes.count,
            fdatasync(file) == 0
        else { throw Self.failure("write", name) }
    }

    private static func failure(_ what: String, _ name: String) -> APIError {
        APIError(.failed, "cannot \(what) the archive file \(name): \(String(cString: strerror(errno)))")
    }

    private static func gzip(_ plain: [UInt8]) throws -> [UInt8] {
        guard let compressor = libdeflate_alloc_compressor(6) else {
            throw APIError(.failed, "there is no memory to compress with")
        }
        defer { libdeflate_free_compressor(compressor) }
        var packed = [UInt8](repeating: 0, count: libdeflate_gzip_compress_bound(compressor, plain.count))
        let size = libdeflate_gzip_compress(compressor, plain, plain.count, &packed, packed.count)
        guard size > 0 else { throw APIError(.failed, "\(plain.count) bytes could not be compressed") }
        packed.removeLast(packed.count - size)
        return packed
    }

    /// Bytes of the files, and of what is in them.
    func sizes() throws -> (packed: Int, plain: Int) {
        (try index.number("SELECT SUM(length) FROM members"), try index.number("SELECT SUM(plain) FROM members"))
    }

    /// The archive's files, by name.
    func files() throws -> [String] {
        try index.read { try String.fetchAll($0, sql: "SELECT DISTINCT file FROM members ORDER BY file") }
            .map { "\(folder)/\($0)" }
    }

    func count() throws -> Int { try index.number("SELECT SUM(lines) FROM members") }

    func sum() throws -> LineSum {
        var sum = LineSum()
        for path in try files() {
            let lines = try Self.gunzip(path).split(separator: 10, omittingEmptySubsequences: false)
            for line in lines.dropLast() { sum.add(line) }
        }
        return sum
    }

    /// All members of a file, one after the other.
    private static func gunzip(_ path: String) throws -> [UInt8] {
        let packed = [UInt8](try Data(contentsOf: URL(filePath: path)))
        guard let decompressor = libdeflate_alloc_decompressor() else {
            throw APIError(.failed, "there is no memory to decompress with")
        }
        defer { libdeflate_free_decompressor(decompressor) }
        var plain: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: LogCollector.largestBody + LogFollower.longestLine + 2)
        var at = 0
        while at < packed.count {
            var used = 0
            var made = 0
            let result = packed.withUnsafeBufferPointer { packed in
                libdeflate_gzip_decompress_ex(
                    decompressor, packed.baseAddress.map { $0 + at }, packed.count - at, &buffer, buffer.count, &used,
                    &made)
            }
            guard result == LIBDEFLATE_SUCCESS, used > 0 else {
                throw APIError(.failed, "\(path) is no gzip file from byte \(at) on")
            }
            plain += buffer[..<made]
            at += used
        }
        return plain
    }

    func close() throws { try index.close() }
}
