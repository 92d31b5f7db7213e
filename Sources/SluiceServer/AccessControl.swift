import Synchronization

/// The accounts in force, which a reload or an admin request replaces while the server runs.
public final class AccessControl: Sendable {
    private let policy: Mutex<AccessPolicy?>

    public init(_ policy: AccessPolicy? = nil) { self.policy = Mutex(policy) }

    /// Nil lets everybody do everything.
    public var current: AccessPolicy? { policy.withLock { $0 } }
    public func replace(_ policy: AccessPolicy?) { self.policy.withLock { $0 = policy } }
}
