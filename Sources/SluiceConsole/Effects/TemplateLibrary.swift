import Glibc
import SluiceAPI

/// The user's message templates: a folder of `NAME.toml` files.
public struct TemplateLibrary: Sendable {
    private let folder: String?
    /// A file larger than this is not read: the largest body, with what escaping adds.
    private static let maxBytes = 16 * 1024 * 1024
    /// Templates that are listed, at most.
    private static let maxCount = 500

    /// - Parameter folder: it need not exist; nil is nowhere, where nothing can be kept.
    public init(folder: String?) { self.folder = folder }

    /// All templates by name, and a sentence for each file that is none.
    public func list() -> (templates: [MessageTemplate], problems: [String]) {
        guard let folder, let directory = opendir(folder) else { return ([], []) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if file.hasSuffix(".toml"), Self.isName(String(file.dropLast(5))) { names.append(String(file.dropLast(5))) }
        }
        var found: [MessageTemplate] = []
        var problems: [String] = []
        if names.count > Self.maxCount {
            problems.append("\(folder) holds \(names.count) templates; the first \(Self.maxCount) are listed")
        }
        for name in names.sorted().prefix(Self.maxCount) {
            do throws(APIError) {
                let path = "\(folder)/\(name).toml"
                found.append(try MessageTemplate(name: name, text: try Self.read(path), file: path))
            } catch {
                problems.append(error.message)
            }
        }
        return (found, problems)
    }

    /// Writes a template, whole or not at all.
    /// - Throws: `.invalid` for a name that is none, `.conflict` where there is one already and `overwrites` is false,
    ///   `.failed` when it cannot be written.
    public func save(_ template: MessageTemplate, overwrites: Bool) throws(APIError) {
        guard Self.isName(template.name) else {
            throw APIError(.invalid, "A template's name has 1 to 64 letters, digits, - _ . and starts with no dot.")
        }
        guard let folder else {
            throw APIError(.refused, "There is no folder for templates: neither XDG_CONFIG_HOME nor HOME is set.")
        }
        try Self.makeFolder(folder)
        let path = "\(folder)/\(template.name).toml"
        if !overwrites, access(path, F_OK) == 0 {
            throw APIError(.conflict, "There is a template \(template.name) already.")
        }
        let temporary = path + ".\(getpid()).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("\(temporary) cannot be written") }
        let bytes = Array(template.text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isWhole = written == bytes.count && fsync(file) == 0
        let error = errno
        close(file)
        guard isWhole, rename(temporary, path) == 0 else {
            errno = isWhole ? errno : error
            let problem = Self.failure("\(path) cannot be written")
            unlink(temporary)
            throw problem
        }
    }

    private static func failure(_ what: String) -> APIError {
        APIError(.failed, "\(what): \(String(cString: strerror(errno))).")
    }

    private static func makeFolder(_ folder: String) throws(APIError) {
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o755) != 0, errno != EEXIST, errno != EISDIR, access(path, F_OK) != 0 {
                throw failure("The folder \(path) cannot be made")
            }
        }
    }

    private static func read(_ path: String) throws(APIError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure("\(path) cannot be read") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("\(path) cannot be read") }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= maxBytes else { throw APIError(.tooLarge, "\(path) is too large for a template.") }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// No path, no hidden file.
    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.count) && name.first != "."
            && name.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) } && name.utf8.count <= 200
    }
}
