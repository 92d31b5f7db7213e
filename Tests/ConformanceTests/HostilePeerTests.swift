import Foundation
import Glibc
import SluiceRemoting
import Testing

/// Peers that send garbage, stop in the middle, or take no answers: they are closed or waited for, and others are served.
@Suite struct HostilePeerTests {
    /// A broker that answers is one that tells its clusters.
    private func isServing(_ server: ServedProgram) -> Bool {
        let peer = ServedProgram.connect(server.nameServer)
        guard peer >= 0 else { return false }
        defer { close(peer) }
        send(Frame(code: RequestCode.getBrokerClusterInfo, opaque: 7).encoded(), to: peer)
        return !receive(from: peer, seconds: 10).isEmpty
    }

    private func send(_ bytes: [UInt8], to peer: Int32) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(peer, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            done += count
        }
    }

    /// What comes within the time; empty when the peer closes or says nothing.
    private func receive(from peer: Int32, seconds: Int32) -> [UInt8] {
        var ready = pollfd(fd: peer, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, seconds * 1_000) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(peer, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : []
    }

    private func isClosed(_ peer: Int32, within seconds: Int32) -> Bool {
        var ready = pollfd(fd: peer, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, seconds * 1_000) > 0 else { return false }
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, 0) <= 0
    }

    @Test func bytesThatAreNoFrameCloseTheirConnectionOnly() throws {
        let server = try ServedProgram()
        let garbage: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], [0, 0, 0, 3, 0, 0, 0, 0],
            [0x01, 0x00, 0x00, 0x01, 0, 0, 0, 8], [0, 0, 0, 12, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8],
            [0, 0, 0, 12, 9, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
            [0, 0, 0, 12, 0, 0, 0, 8] + Array("{\"code\":".utf8),
        ]
        for bytes in garbage {
            let peer = ServedProgram.connect(server.broker)
            send(bytes, to: peer)
            #expect(isClosed(peer, within: 10), "still open after \(bytes.prefix(16))")
            close(peer)
        }
        #expect(isServing(server))
    }

    @Test func randomBytesNeverEndTheServer() throws {
        let server = try ServedProgram()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let peer = ServedProgram.connect(server.broker)
            let count = Int.random(in: 1..<4_096, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Half of them look like a frame at first.
            if Bool.random(using: &generator), count > 8 {
                bytes.replaceSubrange(0..<8, with: [0, 0, UInt8(count >> 8), UInt8(count & 255), 0, 0, 0, 64])
            }
            send(bytes, to: peer)
            close(peer)
        }
        #expect(server.isRunning)
        #expect(isServing(server))
    }

    /// Heads of 16 MiB frames whose rest never comes, each with 15 MiB of it: over 256 MiB the worst are closed.
    @Test func incompleteFramesAreBounded() throws {
        let server = try ServedProgram()
        let start: [UInt8] = [0x00, 0xFF, 0xFF, 0xF0, 0, 0xFF, 0xFF, 0x00]
        let part = [UInt8](repeating: 32, count: 15 << 20)
        var peers: [Int32] = []
        for _ in 0..<24 {
            let peer = ServedProgram.connect(server.broker)
            send(start, to: peer)
            send(part, to: peer)
            peers.append(peer)
        }
        #expect(isServing(server))
        #expect(server.logText.contains("that all connections hold, over the limit"))
        #expect(residentMiB(server) < 700)
        for peer in peers { close(peer) }
    }

    /// A peer that asks and asks and takes nothing: it is not read from any more, and the answers held stay few.
    @Test func answersNobodyTakesAreBounded() throws {
        let server = try ServedProgram()
        let peer = ServedProgram.connect(server.broker)
        let flags = fcntl(peer, F_GETFL)
        _ = fcntl(peer, F_SETFL, flags | O_NONBLOCK)
        let ask = Frame(code: RequestCode.getAllTopicConfig).encoded()
        let asks = Array(repeatElement(ask, count: 1_000).joined())
        let deadline = Date.now.addingTimeInterval(5)
        while Date.now < deadline {
            let count = asks.withUnsafeBytes { Glibc.send(peer, $0.baseAddress, asks.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno != EAGAIN { break }
        }
        #expect(residentMiB(server) < 300)
        #expect(isServing(server))
        close(peer)
    }

    @Test func thousandsOfIdleConnectionsAreKept() throws {
        let server = try ServedProgram()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let before = limit
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        defer {
            var old = before
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &old)
        }
        try #require(limit.rlim_cur > 6_000, "too few file descriptors are permitted: \(limit.rlim_cur)")
        let peers = (0..<5_000).map { _ in ServedProgram.connect(server.broker) }
        #expect(peers.allSatisfy { $0 >= 0 })
        #expect(isServing(server))
        for peer in peers where peer >= 0 { close(peer) }
    }

    private func residentMiB(_ server: ServedProgram) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(server.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1_024
    }
}
