import Glibc
import SluiceAPI
import SluiceHost

extension Actor {
    /// The user of this process on this machine. A claim: a broker of another process proves it anew.
    public static let current = Actor(name: UserName.of(getuid()), host: hostName, isProven: false)

    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count) == 0 else { return "unknown" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
