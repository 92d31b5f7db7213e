import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import SluiceServer

@Suite("Metrics over HTTP", .timeLimit(.minutes(1)))
struct MetricsServerTests {
    @Test("metrics are made anew for every request and have Prometheus' type")
    func metrics() async throws {
        let calls = CallCounter()
        let fixture = try await MetricsFixture(metrics: { "calls \(calls.next())\n" })
        let answer = try await fixture.get("/metrics?name=x")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: 8\r\n"))
        #expect(answer.hasSuffix("\r\n\r\ncalls 1\n"))
        #expect(try await fixture.get("/metrics").hasSuffix("calls 2\n"))
        await fixture.server.stop()
    }

    @Test("health is ok, or 503 with the reason")
    func health() async throws {
        let reason = Mutex<String?>(nil)
        let fixture = try await MetricsFixture(
            metrics: { "" },
            health: {
                let reason = reason.withLock { $0 }
                return (reason == nil, reason ?? "")
            })
        let good = try await fixture.get("/healthz")
        #expect(good.hasPrefix("HTTP/1.1 200 OK\r\n") && good.hasSuffix("\r\n\r\nok"))
        reason.withLock { $0 = "the disk is full" }
        let bad = try await fixture.get("/healthz")
        #expect(bad.hasPrefix("HTTP/1.1 503 ") && bad.hasSuffix("\r\n\r\nthe disk is full"))
        await fixture.server.stop()
    }

    @Test("other paths are not found, other methods not allowed, bodies not read")
    func refusals() async throws {
        let fixture = try await MetricsFixture(metrics: { "m" })
        for path in ["/", "/metrics/", "/metricsx", "/../metrics", "*"] {
            #expect(try await fixture.get(path).hasPrefix("HTTP/1.1 404 "), "\(path)")
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = try await fixture.answer(to: "\(method) /metrics HTTP/1.1\r\nconnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 405 ") && answer.contains("\r\nallow: GET\r\n"), "\(method)")
        }
        let head = try await fixture.answer(to: "HEAD /metrics HTTP/1.1\r\nconnection: close\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 405 ") && head.hasSuffix("\r\n\r\n"))
        let post = try await fixture.answer(to: "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nGET /metr")
        #expect(post.hasPrefix("HTTP/1.1 405 ") && post.contains("connection: close"))
        let body = try await fixture.answer(to: "GET /metrics HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        #expect(body.hasPrefix("HTTP/1.1 413 ") && !body.hasSuffix("m"))
        #expect(try await fixture.answer(to: "NONSENSE\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        await fixture.server.stop()
    }

    @Test("a request that is too large is refused before it is there as a whole")
    func tooLarge() async throws {
        let fixture = try await MetricsFixture(metrics: { "m" })
        let fields = (0..<40).map { "field-\($0): \(String(repeating: "v", count: 500))\r\n" }.joined()
        for text in ["GET /metrics HTTP/1.1\r\n\(fields)", "GET /\(String(repeating: "u", count: 17_000))"] {
            let answer = try await fixture.answer(to: text)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "), "\(answer.prefix(40))")
        }
        let long = String(repeating: "v", count: 15_000)
        let fit = "GET /metrics HTTP/1.1\r\nconnection: close\r\nfield: \(long)\r\n\r\n"
        #expect(try await fixture.answer(to: fit).hasPrefix("HTTP/1.1 200 "))
        await fixture.server.stop()
    }

    @Test("a connection takes one request after the other, also those sent ahead")
    func keepAlive() async throws {
        let calls = CallCounter()
        let fixture = try await MetricsFixture(metrics: {
            let call = calls.next()
            // The first is made slower than the second would be.
            if call == 1 { try? await Task.sleep(for: .milliseconds(50)) }
            return "<\(call)>"
        })
        try await fixture.connect { client in
            let get = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"
            try await client.send(get + get)
            #expect(try await client.read(through: "<1>").hasPrefix("HTTP/1.1 200 "))
            #expect(try await client.read(through: "<2>").hasPrefix("HTTP/1.1 200 "))
            try await client.send("GET /metrics HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
            #expect(try await client.read(through: "<3>").contains("\r\nconnection: keep-alive\r\n"))
            try await client.send("GET /metrics HTTP/1.0\r\n\r\n")
            let last = try await client.rest()
            #expect(last.hasPrefix("HTTP/1.0 200 ") && last.hasSuffix("<4>") && last.contains("connection: close"))
        }
        await fixture.server.stop()
    }

    @Test("a connection without a whole request is closed when its time is over")
    func idle() async throws {
        let fixture = try await MetricsFixture(idle: .milliseconds(300), metrics: { "m" })
        #expect(try await fixture.answer(to: "") == "")
        try await fixture.connect { client in
            let start = NIODeadline.now()
            // Byte by byte does not hold it.
            let text = "GET /metrics HTTP/1.1\r\nfield: \(String(repeating: "v", count: 200))"
            for byte in text {
                if (try? await client.send(String(byte))) == nil { break }
                try await Task.sleep(for: .milliseconds(20))
                if NIODeadline.now() - start > .seconds(1) { break }
            }
            // What was still sent when it was closed may end it with an error of the socket.
            #expect(((try? await client.rest()) ?? "") == "")
        }
        await fixture.server.stop()
    }

    @Test("connections over the limit are closed at once, and there is room again when one ends")
    func limit() async throws {
        let fixture = try await MetricsFixture(maxConnections: 2, metrics: { "m" })
        let get = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"
        try await fixture.connect { first in
            try await first.send(get)
            _ = try await first.read(through: "\r\n\r\nm")
            try await fixture.connect { second in
                try await second.send(get)
                _ = try await second.read(through: "\r\n\r\nm")
                #expect(try await fixture.connect { third in try await third.rest() } == "")
            }
            var answer = ""
            for _ in 0..<100 where answer.isEmpty {
                answer = (try? await fixture.get("/metrics")) ?? ""
                if answer.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
        }
        await fixture.server.stop()
    }

    @Test("stopping closes connections, also those that wait for an answer, and the port")
    func stop() async throws {
        let fixture = try await MetricsFixture(metrics: {
            try? await Task.sleep(for: .milliseconds(300))
            return "m"
        })
        try await fixture.connect { client in
            try await client.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            _ = try await client.read(through: "\r\n\r\nok")
            await fixture.server.stop()
            #expect(try await client.rest() == "")
        }
        await #expect(throws: (any Error).self) { try await fixture.get("/metrics") }
        try await Task.sleep(for: .milliseconds(300))
    }

    @Test("the public way to start listens with the limits it documents")
    func publicStart() async throws {
        let server = try await MetricsServer.start(
            address: "127.0.0.1", port: 0, group: MultiThreadedEventLoopGroup.singleton, metrics: { "m" },
            health: { (true, "") })
        #expect(server.boundPort > 0)
        await #expect(throws: (any Error).self) {
            try await MetricsServer.start(
                address: "127.0.0.1", port: server.boundPort, group: MultiThreadedEventLoopGroup.singleton,
                metrics: { "m" }, health: { (true, "") })
        }
        await server.stop()
    }
}
