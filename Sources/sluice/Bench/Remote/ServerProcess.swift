import Glibc
import SluiceAPI
import SluiceScenarios

/// A server of this very program in a process of its own, with a folder that goes when it ends.
final class ServerProcess {
    let pid: pid_t
    let port: Int
    private let scratch: ScratchFolder

    /// - Parameter arguments: of `sluice`, made from data folder and port.
    init(folder: String, _ arguments: (_ data: String, _ port: Int) -> [String]) throws {
        scratch = try ScratchFolder.make(in: folder)
        port = Self.freePort()
        let words = ["sluice"] + arguments(scratch.path + "/data", port)
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/proc/self/exe", nil, nil, pointers, environ)
        guard code == 0 else {
            throw APIError(.failed, "the server cannot be started: \(String(cString: strerror(code)))")
        }
        pid = child
        _ = try LoadSocket(port: port, deadline: LoadSocket.Clock.monotonic + 10_000_000_000)
    }

    private static func freePort() -> Int {
        // Below the ports that the system hands out, and with room for the one two below.
        20_000 + Int(getpid()) % 5_000 * 2 + Int.random(in: 0..<100) * 4
    }

    /// Nanoseconds of processor time so far.
    var cpu: Int64 {
        let fields = Self.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Int64(fields[11]), let system = Int64(fields[12]) else { return 0 }
        return (user + system) * (1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    }

    /// Resident MiB at the most so far.
    var residentMiB: Double {
        for line in Self.text("/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return (Double(line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first ?? "0") ?? 0)
                / 1_024
        }
        return 0
    }

    private static func text(_ path: String) -> String {
        guard let file = try? InputFile(path: path), let bytes = try? file.readAll(limit: 1 << 16) else { return "" }
        close(file.descriptor)
        return String(decoding: bytes, as: UTF8.self)
    }

    func stop() {
        kill(pid, SIGTERM)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        scratch.remove()
    }
}
