import Glibc
import Synchronization

/// Names clients as RocketMQ does: address, `@`, process, and what tells clients of one process apart.
enum ClientID {
    private static let counter = Atomic<Int>(0)

    static func next() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "127.0.0.1@\(getpid())#\(number)"
    }
}
