import Glibc
import Synchronization

/// The accounts in force, which a reload or an admin request replaces while the server runs.
public final class AccessControl: Sendable {
    private let policy: Mutex<AccessPolicy?>
    /// Held by who changes the file: one after the other.
    private let changing = Mutex(())
    /// The file they come from and are kept in; nil where nobody is asked who they are.
    public let path: String?

    /// Lets everybody do everything.
    public init() {
        policy = Mutex(nil)
        path = nil
    }

    public init(path: String) throws(AccessError) {
        policy = Mutex(try AccessPolicy.load(path))
        self.path = path
    }

    /// Nil lets everybody do everything.
    public var current: AccessPolicy? { policy.withLock { $0 } }

    /// Reads the file again; what is in force stays when it cannot be used.
    public func reload() throws(AccessError) {
        guard let path else { return }
        let fresh = try AccessPolicy.load(path)
        policy.withLock { $0 = fresh }
    }

    /// Changes the accounts and keeps them in the file.
    func change(_ body: (inout AccessPolicy) throws(AccessError) -> Void) throws(AccessError) {
        guard let path else {
            throw AccessError("the broker runs without accounts; give it a file of them with --acl")
        }
        try changing.withLock { _ throws(AccessError) in
            guard var fresh = current else { return }
            try body(&fresh)
            guard Self.write(fresh.encodedTOML(), to: path) else {
                throw AccessError("\(path) cannot be written: \(String(cString: strerror(errno)))")
            }
            policy.withLock { $0 = fresh }
        }
    }

    /// Replaces a file as a whole, readable by its owner only.
    private static func write(_ text: String, to path: String) -> Bool {
        let bytes = Array(text.utf8)
        unlink(path + ".new")
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isKept = written == bytes.count && fdatasync(descriptor) == 0
        close(descriptor)
        return isKept && rename(path + ".new", path) == 0
    }
}
