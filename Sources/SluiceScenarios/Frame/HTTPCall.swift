import Glibc
import SluiceAPI

/// One HTTP request on the loopback address, as a plain client makes it: a connection, the request, the answer. Blocks.
enum HTTPCall {
    /// - Parameters:
    ///   - timeout: seconds to wait for the answer.
    /// - Returns: status and body.
    /// - Throws: `.unreachable` when nobody listens, answers in time, or answers HTTP.
    static func post(
        port: Int, _ path: String, type: String = "application/x-www-form-urlencoded", _ body: String,
        timeout: Double
    ) throws(APIError) -> (status: Int, body: String) {
        let socket = try connect(port, timeout: timeout)
        defer { Glibc.close(socket) }
        let request =
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        try send(Array(request.utf8), to: socket)
        return try answer(from: socket, within: timeout)
    }

    private static func connect(_ port: Int, timeout: Double) throws(APIError) -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw APIError(.failed, "no socket: \(String(cString: strerror(errno)))") }
        var wait = timeval(tv_sec: Int(timeout), tv_usec: Int((timeout - timeout.rounded(.down)) * 1e6))
        if timeout < 0.001 { wait.tv_usec = 1_000 }
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(socket)
            throw APIError(.unreachable, "127.0.0.1:\(port) cannot be reached: \(reason)")
        }
        return socket
    }

    private static func send(_ bytes: [UInt8], to socket: Int32) throws(APIError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw APIError(.unreachable, "the request could not be sent") }
            sent += count
        }
    }

    private static func answer(from socket: Int32, within timeout: Double) throws(APIError) -> (Int, String) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let deadline = monotonicSeconds() + timeout
        while bytes.count < 65_536 {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 { break }
            guard count > 0, monotonicSeconds() < deadline else {
                throw APIError(.unreachable, "no answer within \(Words.milliseconds(timeout * 1_000))")
            }
            bytes.append(contentsOf: buffer[..<count])
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw APIError(.unreachable, "the connection was closed without an answer")
        }
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        return (status, body)
    }
}

/// Fields of a form as `application/x-www-form-urlencoded`, of letters that need no escapes.
func formFields(_ body: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
        if parts.count == 2 { fields[parts[0]] = parts[1] }
    }
    return fields
}
