import Glibc
import SluiceConsole

// MARK: Another program's turn
extension Terminal {
    /// Hands the terminal over to an editor or pager with these bytes in a file of their own, and takes it back when
    /// that ends. The file is gone then: what was changed in it changes nothing here.
    ///
    /// - Parameters:
    ///   - suffix: the end of the file's name, by which editors know the kind.
    ///   - viewer: a command line; the file is its last argument.
    /// - Returns: why it could not be shown, in a sentence; nil when it was.
    func show(_ bytes: [UInt8], suffix: String, in viewer: String) -> String? {
        guard let folder = Self.makeFolder() else {
            return "There is no place for the body: \(String(cString: strerror(errno)))."
        }
        let path = "\(folder)/body\(suffix)"
        defer {
            unlink(path)
            rmdir(folder)
        }
        guard Self.write(bytes, to: path) else { return "Cannot write \(path): \(String(cString: strerror(errno)))." }
        var problem: String?
        lend { problem = Self.run(viewer, path) }
        return problem
    }

    private static func makeFolder() -> String? {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/sluice-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        return bytes.withUnsafeBytes { buffer in
            var start = 0
            while start < buffer.count {
                let count = Glibc.write(file, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                if count > 0 { start += count } else if errno != EINTR { return false }
            }
            return true
        }
    }

    /// Runs a command line on a file to its end, as a shell would. ^C belongs to that program meanwhile; when it stops
    /// itself it is told to go on, since a broker may live in this process.
    private static func run(_ viewer: String, _ path: String) -> String? {
        let before = [SIGINT, SIGQUIT, SIGTSTP].map { ($0, signal($0, SIG_IGN)) }
        defer { for (number, handler) in before { signal(number, handler) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGQUIT, SIGTSTP, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        let words: [String] = ["/bin/sh", "-c", viewer + " \"$@\"", "sh", path]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        let code = posix_spawn(&child, "/bin/sh", nil, &attributes, &arguments, environ)
        guard code == 0 else { return "Cannot start \(viewer): \(String(cString: strerror(code)))." }
        var status: Int32 = 0
        while true {
            let ended = waitpid(child, &status, WUNTRACED)
            if ended < 0, errno != EINTR { return nil }
            guard ended == child else { continue }
            if status & 0xFF == 0x7F {
                kill(child, SIGCONT)
                continue
            }
            break
        }
        let isMissing = status & 0x7F == 0 && [126, 127].contains(status >> 8 & 0xFF)
        return isMissing ? "\(viewer) cannot be started: set EDITOR or PAGER to a program that is there." : nil
    }
}
