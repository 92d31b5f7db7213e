import Glibc

/// Users of this machine. A look-up may ask the network (NSS): not for an event loop.
package enum UserName {
    /// The name of a user; his number where he has none.
    package static func of(_ user: uid_t) -> String {
        let room = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 16 << 10)
        defer { room.deallocate() }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        // The entry's texts stand in the room.
        guard let base = room.baseAddress, getpwuid_r(user, &entry, base, room.count, &found) == 0, found != nil,
            let name = entry.pw_name
        else { return "uid \(user)" }
        return String(cString: name)
    }
}
