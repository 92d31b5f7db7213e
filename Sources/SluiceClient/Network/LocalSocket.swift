import Glibc
import SluiceAPI
import SluiceRemoting

/// A stream socket by a path. One thread writes, one reads.
///
/// `@unchecked Sendable`: `held` belongs to the reading thread.
final class LocalSocket: @unchecked Sendable {
    private let descriptor: Int32
    /// Bytes read and not yet taken apart, from `at` on.
    private var held: [UInt8] = []
    private var at = 0

    init(path: String) throws(APIError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard bytes.count <= room else {
            throw APIError(.unreachable, "the path \(path) is too long for a socket; at most \(room) bytes are allowed")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // A process that takes nobody in any more (it is stopped) is not waited for.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, connected == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw APIError(.unreachable, "nobody answers at \(path): \(reason)")
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Ends both directions: the reading thread comes back.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// False when the other end is gone.
    func write(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                send(descriptor, raw.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// The next frame; nil when the other end is gone or sends something else.
    func next(_ header: HeaderReader) -> Frame? {
        while true {
            let result = held.withUnsafeBytes { FrameScanner.scan(UnsafeRawBufferPointer(rebasing: $0[at...])) }
            switch result {
            case .invalid: return nil
            case .incomplete(let need): guard fill(need) else { return nil }
            case .frame(let type, let headerRange, let bodyRange):
                let frame = held.withUnsafeBytes { raw -> Frame? in
                    let bytes = UnsafeRawBufferPointer(rebasing: raw[at...])
                    do throws(JSONError) {
                        try header.read(UnsafeRawBufferPointer(rebasing: bytes[headerRange]), type)
                    } catch {
                        return nil
                    }
                    return Frame(header, body: UnsafeRawBufferPointer(rebasing: bytes[bodyRange]))
                }
                at += bodyRange.upperBound
                return frame
            }
        }
    }

    private func fill(_ need: Int) -> Bool {
        if at > 0 {
            held.removeFirst(at)
            at = 0
        }
        let old = held.count
        let room = max(64 << 10, need - old)
        held.append(contentsOf: repeatElement(0, count: room))
        var count = -1
        repeat {
            count = held.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + old }, room, 0) }
        } while count < 0 && errno == EINTR
        held.removeLast(room - max(0, count))
        return count > 0
    }
}
