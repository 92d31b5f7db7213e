import Glibc
import SluiceAPI
import SluiceRemoting

/// One connection of the load: frames go out from buffers made beforehand, answers are counted by their lengths.
final class LoadSocket {
    private let descriptor: Int32
    private var held = [UInt8](repeating: 0, count: 1 << 20)
    private var start = 0
    private var end = 0

    /// Connects to a port of this machine; waits for it to be there until the deadline.
    init(port: Int, deadline: Int64 = 0) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        while true {
            let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let failed = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if failed == 0 {
                descriptor = made
                break
            }
            let reason = String(cString: strerror(errno))
            Glibc.close(made)
            guard Clock.monotonic < deadline else {
                throw APIError(.unreachable, "nobody answers on port \(port): \(reason)")
            }
            usleep(2_000)
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { Glibc.close(descriptor) }

    func send(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let count = Glibc.send(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw APIError(.unreachable, "the server closed the connection") }
            done += count
        }
    }

    func send(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try send($0) } }

    /// Blocks for at least one frame and hands all that are there to `body`, header and body apart.
    func receive(_ body: (_ header: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            var taken = 0
            try held.withUnsafeBytes { raw in
                while case .frame(_, let header, let rest) = FrameScanner.scan(
                    UnsafeRawBufferPointer(rebasing: raw[start..<end]))
                {
                    let frame = UnsafeRawBufferPointer(rebasing: raw[start..<end])
                    try body(
                        UnsafeRawBufferPointer(rebasing: frame[header]), UnsafeRawBufferPointer(rebasing: frame[rest]))
                    start += rest.upperBound
                    taken += 1
                }
            }
            if taken > 0 { return }
            try fill()
        }
    }

    private func fill() throws {
        if start > 0 {
            held.withUnsafeMutableBytes { raw in
                guard let base = raw.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        }
        if end == held.count { held.append(contentsOf: repeatElement(0, count: held.count)) }
        var count = -1
        repeat {
            count = held.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + end }, $0.count - end, 0) }
        } while count < 0 && errno == EINTR
        guard count > 0 else { throw APIError(.unreachable, "the server closed the connection") }
        end += count
    }

    enum Clock {
        static var monotonic: Int64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
    }
}
