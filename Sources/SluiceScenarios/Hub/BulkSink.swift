import Foundation
import SluiceAPI
import Synchronization

/// Sends lines to a server that takes Elasticsearch's `_bulk`: an action and a document, a line of JSON each. A document's
/// id is its place in its batch, so that one that comes again replaces itself.
final class BulkSink: LogSink {
    private let client: Mutex<HTTPPost>
    private let server: BulkServer
    private static let bytesPerRequest = 2 << 20

    init(server: BulkServer) {
        self.server = server
        client = Mutex(HTTPPost(port: server.port))
    }

    private struct Action: Encodable {
        struct Index: Encodable {
            var _index = "logs"
            var _id: String
        }
        var index: Index
    }
    struct Document: Codable {
        var stream: String
        var message: String
    }
    struct Answer: Codable {
        struct Item: Codable { var index: Outcome }
        struct Outcome: Codable {
            var _id: String
            var status: Int
            /// As `created` or `updated`.
            var result: String
        }
        var took: Int
        var errors: Bool
        var items: [Item]
    }

    func take(_ batches: [LogBatch]) throws -> Int {
        var repeats = 0
        var body: [UInt8] = []
        for (index, batch) in batches.enumerated() {
            try append(batch, to: &body)
            if body.count > Self.bytesPerRequest || index == batches.count - 1 {
                repeats += try send(body)
                body = []
            }
        }
        return repeats
    }

    private func append(_ batch: LogBatch, to body: inout [UInt8]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        for (number, line) in batch.lines.enumerated() {
            body += try encoder.encode(Action(index: .init(_id: "\(batch.id)-\(number)")))
            body.append(10)
            let document = Document(stream: batch.stream, message: String(decoding: line, as: UTF8.self))
            body += try encoder.encode(document)
            body.append(10)
        }
    }

    /// A request counts as done only when each of its items does.
    private func send(_ body: [UInt8]) throws -> Int {
        let (status, bytes) = try client.withLock { try $0.post("/_bulk", type: "application/x-ndjson", body) }
        guard status == 200 else { throw APIError(.failed, "the bulk server answered with status \(status)") }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(bytes))
        guard !answer.errors, answer.items.allSatisfy({ $0.index.status < 300 }) else {
            throw APIError(.failed, "the bulk server did not take some of the documents")
        }
        // Batches are whole: where the first line of one was there, all of it was.
        return answer.items.count { $0.index.result == "updated" && $0.index._id.hasSuffix("-0") }
    }

    func count() throws -> Int { try server.count() }
    func sum() throws -> LineSum { try server.sum() }

    func close() throws {
        client.withLock { $0.close() }
        server.close()
    }
}
