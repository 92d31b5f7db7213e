import Dispatch
import Glibc

/// What the model wants done with files of this machine.
public enum FileEffect: Sendable, Equatable {
    /// Write a new file; one that is there stays as it is.
    case export(path: String, text: String, note: String)
    case saveView(name: String, text: String)
    case loadView(name: String)
}

/// What came of a ``FileEffect``.
public enum FileAnswer: Sendable, Equatable {
    /// Done, in a sentence.
    case done(String)
    /// A saved view as it was written.
    case view(name: String, text: String)
    /// Why not, in a sentence.
    case problem(String)
}

/// Exports and saved views on the disk.
struct LocalFiles: Sendable {
    /// Where views are kept, as `NAME.view`; nil keeps none.
    var viewFolder: String?
    private static let maxView = 16 * 1024

    /// On a thread of its own: a slow disk must not hold up what else is asked.
    func run(_ effect: FileEffect) async -> FileAnswer {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async { continuation.resume(returning: answer(effect)) }
        }
    }

    private func answer(_ effect: FileEffect) -> FileAnswer {
        switch effect {
        case .export(let path, let text, let note):
            let path = Self.expanded(path)
            if let problem = Self.write(text, to: path, replacing: false) { return .problem(problem) }
            return .done("Exported to \(path)\(note)")
        case .saveView(let name, let text): return save(name, text)
        case .loadView(let name): return load(name)
        }
    }

    private func save(_ name: String, _ text: String) -> FileAnswer {
        guard let viewFolder else {
            return .problem("There is no folder to keep views in: neither HOME nor XDG_STATE_HOME is set.")
        }
        if let problem = Self.makeFolders(viewFolder) { return .problem(problem) }
        let path = "\(viewFolder)/\(name).view"
        let isThere = access(path, F_OK) == 0
        if let problem = Self.write(text, to: path, replacing: true) { return .problem(problem) }
        return .done(isThere ? "View \(name) replaced." : "View \(name) saved: :view \(name) brings it back.")
    }

    private func load(_ name: String) -> FileAnswer {
        guard let viewFolder else { return .problem("There are no saved views.") }
        let file = open("\(viewFolder)/\(name).view", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            let names = names(viewFolder)
            return .problem(
                "There is no view \(name)"
                    + (names.isEmpty ? "; :save NAME makes one." : "; there are \(names.joined(separator: ", "))."))
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.maxView)
        let count = read(file, &bytes, bytes.count)
        guard count > 0, let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
            return .problem("View \(name) cannot be read; :save \(name) writes it anew.")
        }
        return .view(name: name, text: text)
    }

    private func names(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if file.hasSuffix(".view") { names.append(String(file.dropLast(5))) }
        }
        return Array(names.sorted().prefix(20))
    }
}

// MARK: Writing
extension LocalFiles {
    /// `~/` is the home folder, as in a shell.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst(1)
    }

    /// Nil when it is written, else the sentence why not. `replacing` goes by a file beside it, so that the old one is
    /// whole until the new one is.
    static func write(_ text: String, to path: String, replacing: Bool) -> String? {
        let target = replacing ? path + ".new" : path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL)
        let file = open(target, flags, 0o600)
        guard file >= 0 else {
            if errno == EEXIST { return "\(path) is there already and stays as it is: choose another name." }
            return "Cannot write \(path): \(String(cString: strerror(errno)))."
        }
        var reason: Int32 = 0
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            while start < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress.map { $0 + start }, bytes.count - start)
                if count > 0 {
                    start += count
                } else if errno != EINTR {
                    reason = errno
                    return
                }
            }
        }
        if close(file) != 0, reason == 0 { reason = errno }
        if reason == 0, replacing, rename(target, path) != 0 { reason = errno }
        guard reason != 0 else { return nil }
        unlink(target)
        return "Cannot write \(path): \(String(cString: strerror(reason)))."
    }

    static func makeFolders(_ path: String) -> String? {
        var part = ""
        for name in path.split(separator: "/") {
            part += "/" + name
            guard mkdir(part, 0o700) != 0, errno != EEXIST else { continue }
            return "Cannot make the folder \(part): \(String(cString: strerror(errno)))."
        }
        return nil
    }
}
