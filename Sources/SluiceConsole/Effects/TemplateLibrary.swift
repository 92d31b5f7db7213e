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
        guard let folder else { return ([], []) }
        let names = Files.names(in: folder, ending: ".toml").filter(Self.isName)
        var found: [MessageTemplate] = []
        var problems: [String] = []
        if names.count > Self.maxCount {
            problems.append(tr("\(folder) holds \(names.count) templates; the first \(Self.maxCount) are listed"))
        }
        for name in names.prefix(Self.maxCount) {
            let path = "\(folder)/\(name).toml"
            do throws(APIError) {
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
            throw APIError(.invalid, tr("A template's name has 1 to 64 letters, digits, - _ . and starts with no dot."))
        }
        guard let folder else {
            throw APIError(.refused, tr("There is no folder for templates: neither XDG_CONFIG_HOME nor HOME is set."))
        }
        let path = "\(folder)/\(template.name).toml"
        do throws(FileProblem) {
            try Files.makeFolders(folder)
            try Files.write(template.text, to: path, replacing: overwrites)
        } catch {
            guard error == .exists else { throw APIError(.failed, LocalFiles.sentence(error, path)) }
            throw APIError(.conflict, tr("There is a template \(template.name) already."))
        }
    }

    private static func read(_ path: String) throws(APIError) -> String {
        do throws(FileProblem) {
            return String(decoding: try Files.read(path, limit: maxBytes), as: UTF8.self)
        } catch {
            if error == .tooLarge { throw APIError(.tooLarge, tr("\(path) is too large for a template.")) }
            throw APIError(.failed, tr("\(path) cannot be read: \(error.text)."))
        }
    }

    /// No path, no hidden file.
    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.count) && name.first != "."
            && name.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) } && name.utf8.count <= 200
    }
}
