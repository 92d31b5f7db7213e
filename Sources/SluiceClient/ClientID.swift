import CSluice
import Glibc
import Synchronization

/// Names clients as RocketMQ does: address, `@`, process, and what tells clients of one process apart. Brokers tell the
/// members of a group by these names, so no two machines may make the same.
enum ClientID {
    private static let counter = Atomic<Int>(0)
    /// Host name and start tell processes apart that have the same number on two machines, or in two containers.
    private static let process = "\(hostName)@\(getpid())#\(sluice_wall_milliseconds())"

    static func next() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(process)-\(number)"
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
