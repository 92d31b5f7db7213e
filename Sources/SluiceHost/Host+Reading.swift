import SluiceAPI
import SluiceBroker
import SluiceStorage

extension Host {
    /// Asks the broker and waits without holding a thread.
    package func ask(_ request: Request) async throws(APIError) -> Response {
        let response = await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
        if case .failed(let error) = response { throw error }
        return response
    }

    /// Reads records by the broker's plan, on the reading thread.
    package func read(_ request: ReadRequest) async throws(APIError) -> Fetch {
        switch request {
        case .queue(let id, let from, let limit):
            guard case .units(let source, let reader) = try await ask(.browse(id, from: from, limit: limit)) else {
                return .empty
            }
            return try await offPool { () throws(DiskError) in
                let units = try source.load()
                return units.isEmpty ? .empty : try reader.fetch(units[...], maxBytes: Self.mostBytes)
            }
        case .key(let topic, let key, let limit):
            guard case .lookUp(let lookup, let reader) = try await ask(.lookUp(topic: topic, key: key)) else {
                return .empty
            }
            return try await offPool { () throws(DiskError) in
                var records: [UInt8] = []
                for offset in try lookup.candidates(limit: min(max(limit, 1), 1_024))
                where records.count < Self.mostBytes {
                    if let found = try reader.record(at: offset) { found.withBytes { records += $0 } }
                }
                return records.withUnsafeBytes { Fetch($0, next: 0) }
            }
        case .place(let offset):
            guard case .reader(let reader) = try await ask(.reader) else { return .empty }
            return try await offPool { () throws(DiskError) in try reader.record(at: offset) ?? .empty }
        }
    }

    /// Bytes that one read brings at most, but for a first record that is larger.
    private static let mostBytes = 8 << 20
}
