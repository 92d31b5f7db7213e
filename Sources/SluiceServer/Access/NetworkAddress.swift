import Glibc

/// An IP address without a port. An IPv4 address that came over an IPv6 socket is an IPv4 address.
enum NetworkAddress: Sendable, Equatable {
    /// In host order.
    case v4(UInt32)
    case v6([UInt8])

    /// Nil for anything but dotted decimal IPv4 and IPv6 in one of its spellings.
    init?(_ text: some StringProtocol) {
        let text = String(text)
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        if bytes.starts(with: mapped) {
            self = .v4(bytes[12...].reduce(0) { $0 << 8 | UInt32($1) })
        } else {
            self = .v6(bytes)
        }
    }

    /// The address of a peer: `ip:port`, also where the address is IPv6 and has no brackets, or the address alone.
    init?(peer text: String) {
        let colon = text.lastIndex(of: ":")
        var host = colon.map { text[..<$0] } ?? text[...]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if let address = NetworkAddress(host) {
            self = address
        } else {
            self.init(text)
        }
    }
}
