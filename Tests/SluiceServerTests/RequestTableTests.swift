import Foundation
import SluiceRemoting
import SluiceTapes
import Testing

@Suite("Table of requests")
struct RequestTableTests {
    /// Codes by their names, as the source that the server is written against lists them.
    private func servedCodes() throws -> [Int32: String] {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/SluiceRemoting/Protocol/RequestCode.swift").standardized.path
        let source = try String(contentsOfFile: path, encoding: .utf8)
        let list = source.prefix { $0 != "}" }
        let pattern = /static let (\w+): Int32 = ([0-9_]+)/
        return Dictionary(
            uniqueKeysWithValues: list.matches(of: pattern).compactMap { match in
                Int32(match.2.filter { $0 != "_" }).map { ($0, String(match.1)) }
            })
    }

    @Test("every code that is served has a row, and no other code has one that says so") func complete() throws {
        let served = try servedCodes()
        #expect(served[RequestCode.sendMessage] == "sendMessage" && served.count > 90)
        let known = Set(RequestTable.rows.filter { $0.cover != .unserved }.map(\.code))
        for (code, name) in served where !known.contains(code) { Issue.record("\(code) \(name) has no row") }
        for code in known.subtracting(served.keys).sorted() { Issue.record("\(code) is not among the request codes") }
        let unserved = Set(RequestTable.rows.filter { $0.cover == .unserved }.map(\.code))
        #expect(unserved.isDisjoint(with: served.keys))
    }

    @Test("the tapes that rows name are there, and have the request") func tapes() throws {
        var read: [String: [TapedFrame]] = [:]
        func frames(of name: String) throws -> [TapedFrame] {
            let frames = try read[name] ?? Tape(name).frames()
            read[name] = frames
            return frames
        }
        for row in RequestTable.rows {
            let (names, isPushed): ([String], Bool)
            switch row.cover {
            case .tapes(let found): (names, isPushed) = (found, false)
            case .pushed(let found): (names, isPushed) = (found, true)
            default: continue
            }
            #expect(!names.isEmpty)
            for name in names {
                let isThere = Tape.all.contains(name) && RequestTable.isReplayed(name)
                #expect(isThere, "\(row.code) \(row.name): no tape \(name) is replayed")
                guard isThere else { continue }
                let has = try frames(of: name).contains {
                    $0.isRequest && $0.frame.code == row.code && $0.isFromClient != isPushed
                }
                #expect(has, "\(row.code) \(row.name) is not on \(name)")
            }
        }
    }

    @Test("rows without tapes have their test, and tests their row") func tests() {
        let rows = Set(RequestTable.rows.filter { $0.cover == .test }.map(\.code))
        #expect(rows == Set(RequestTableCalls.all.keys))
    }

    @Test("what is not served is answered with 3, by either role, and oneway not at all") func unserved() async throws {
        try await TapeServer.run { try Self.askUnserved($0) }
    }

    private static func askUnserved(_ server: TapeServer) throws {
        let codes = RequestTable.rows.filter { $0.cover == .unserved }.map(\.code) + [9_999, 0, -1]
        for port in [server.port, server.port - 2, server.nameServerPort] {
            let connection = try TapeConnection(port: port)
            for code in codes {
                let answer = try connection.call(code)
                #expect(answer.code == ResponseCode.requestCodeNotSupported, "\(code)")
                #expect(answer.remark == " request type \(code) not supported")
                connection.ask(code, flag: FrameFlag.oneway)
            }
            // Nothing came for those in between.
            try connection.expect(RequestCode.getMaxOffset, ["topic": "none", "queueId": "0"])
            #expect(connection.inbox.isEmpty)
        }
    }
}

extension RequestTable {
    fileprivate static func isReplayed(_ tape: String) -> Bool {
        TapeReplayTests.tapes.contains(tape) || TapeAccessTests.tapes.contains(tape)
            || TapeStateRun.tapes.contains(tape)
    }
}
