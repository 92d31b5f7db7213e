import Glibc
import SluiceAPI

/// A small HTTP/1.1 client that posts and waits, on one connection that it keeps. For a thread that may block.
struct HTTPPost {
    private let port: UInt16
    private var socket: Int32 = -1
    private static let timeoutSeconds = 10
    private static let maxHead = 16 << 10
    private static let maxBody = 16 << 20

    /// - Parameter port: of this machine.
    init(port: Int) { self.port = UInt16(clamping: port) }

    /// Posts a body and returns the answer's status and body. After an error the next call connects anew.
    mutating func post(_ path: String, type: String, _ body: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        if socket < 0 { try connect() }
        do {
            let head =
                "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: \(type)\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            try send(Array(head.utf8) + body)
            return try receive()
        } catch {
            close()
            throw error
        }
    }

    mutating func close() {
        if socket >= 0 { Glibc.close(socket) }
        socket = -1
    }

    private mutating func connect() throws {
        let new = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard new >= 0 else { throw failure("make a socket") }
        var time = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        setsockopt(new, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(new, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(new, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let error = failure("connect")
            Glibc.close(new)
            throw error
        }
        socket = new
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("send") }
            sent += count
        }
    }

    private func receive() throws -> (status: Int, body: [UInt8]) {
        var bytes: [UInt8] = []
        while true {
            if let end = Self.headEnd(bytes) {
                let (status, length) = try Self.parse(bytes[..<end])
                while bytes.count < end + 4 + length { try more(&bytes) }
                return (status, Array(bytes[(end + 4)..<(end + 4 + length)]))
            }
            guard bytes.count <= Self.maxHead else { throw APIError(.failed, "the answer's head is too long") }
            try more(&bytes)
        }
    }

    private func more(_ bytes: inout [UInt8]) throws {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &buffer, buffer.count, 0)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else {
            throw failure(count == 0 ? "read an answer: the connection was closed," : "read an answer")
        }
        bytes += buffer[..<count]
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }

    private static func parse(_ head: ArraySlice<UInt8>) throws -> (status: Int, length: Int) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw APIError(.failed, "the answer is no HTTP: \(lines.first ?? "")")
        }
        for line in lines.dropFirst() where line.lowercased().hasPrefix("content-length:") {
            let text = line.dropFirst(15).drop { $0 == " " }
            guard let length = Int(text), (0...maxBody).contains(length) else {
                throw APIError(.failed, "the answer's length is \(text), at most \(maxBody) bytes are taken")
            }
            return (status, length)
        }
        throw APIError(.failed, "the answer does not say its length")
    }

    private func failure(_ what: String) -> APIError {
        APIError(.unreachable, "port \(port): cannot \(what): \(String(cString: strerror(errno)))")
    }
}
