import SluiceThemes

/// Finds themes by name: in the user's folder first, then in the binary.
public struct ThemeLibrary: Sendable {
    private let userFolder: String?

    /// A theme file larger than this is not read.
    private static let maxBytes = 256 * 1024
    /// Themes that inherit from one another, at most.
    private static let maxDepth = 8

    /// - Parameter userFolder: a folder of `NAME.toml` files, which need not exist.
    public init(userFolder: String?) { self.userFolder = userFolder }

    /// Names that ``load(_:)`` knows: those of the binary, then the user's own, sorted.
    public func names() -> [String] {
        guard let userFolder else { return Theme.builtIn }
        let own = Set(Files.names(in: userFolder, ending: ".toml").filter(ThemeLibrary.isName))
        return Theme.builtIn + own.subtracting(Theme.builtIn).sorted()
    }

    /// A theme by name. One that is broken or unknown gives a fallback of the binary and a sentence that names the file,
    /// the line and what is wrong with it.
    public func load(_ name: String) -> (theme: Theme, problem: String?) {
        do {
            return (try resolve(name), nil)
        } catch {
            let fallback = Theme.builtIn.contains(name) ? name : Theme.builtIn[0]
            let theme = try? ThemeLibrary(userFolder: nil).resolve(fallback)
            let plain = Theme(name: "plain", styles: ThemeLibrary.plainStyles, gradients: [:])
            return (theme ?? plain, "\(error.description) (showing \(theme == nil ? "plain" : fallback) instead)")
        }
    }

    /// Should even the binary's own theme fail, things still differ by attributes.
    private static let plainStyles: [Role: Style] = [
        .selection: Style(.terminal, on: .terminal, .reverse), .title: Style(.terminal, on: .terminal, .bold),
        .attention: Style(.terminal, on: .terminal, [.bold, .reverse]),
    ]

    /// Writes a theme file, and the folders above it.
    /// - Returns: why not, in a sentence; nil when it is written. One that is there stays, unless it is to be replaced.
    public static func write(_ text: String, to path: String, replacing: Bool) -> String? {
        do throws(FileProblem) {
            if let end = path.lastIndex(of: "/") { try Files.makeFolders(String(path[..<end])) }
            try Files.write(text, to: path, replacing: replacing)
            return nil
        } catch {
            return LocalFiles.sentence(error, path)
        }
    }

    /// No path, no hidden file.
    public static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.first != 0x2E
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2F && $0 != 0x7F }
    }
}

// MARK: Finding
extension ThemeLibrary {
    /// A theme and what it inherits, itself first.
    private func chain(_ name: String) throws(ThemeProblem) -> [ThemeFile] {
        var chain = [try open(name, embeddedOnly: false, from: nil)]
        var seen = [name]
        while let last = chain.last, let parent = last.inherits {
            // A user's theme may carry the name of one in the binary and build on that one.
            let same = parent.name == seen.last
            guard chain.count < ThemeLibrary.maxDepth, same || !seen.contains(parent.name), !(same && chain.count > 1)
            else {
                throw ThemeProblem(
                    file: last.file, line: parent.line, reason: "themes inherit from one another in a circle")
            }
            chain.append(try open(parent.name, embeddedOnly: same, from: (last.file, parent.line)))
            seen.append(parent.name)
        }
        return chain
    }

    private func open(
        _ name: String, embeddedOnly: Bool, from: (file: String, line: Int?)?
    ) throws(ThemeProblem) -> ThemeFile {
        if !embeddedOnly, let userFolder, ThemeLibrary.isName(name) {
            let path = "\(userFolder)/\(name).toml"
            if let text = try ThemeLibrary.read(path) { return try ThemeFile(text: text, file: path) }
        }
        if let file = EmbeddedThemes.files.first(where: { $0.name == name }) {
            return try ThemeFile(text: String(decoding: file.bytes, as: UTF8.self), file: "\(name).toml")
        }
        throw ThemeProblem(
            file: from?.file ?? name, line: from?.line,
            reason: "there is no theme \"\(name)\"; there are \(names().joined(separator: ", "))")
    }

    /// The text of a file; nil when there is none.
    private static func read(_ path: String) throws(ThemeProblem) -> String? {
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try Files.read(path, limit: maxBytes)
        } catch {
            switch error {
            case .missing: return nil
            case .tooLarge:
                throw ThemeProblem(file: path, line: nil, reason: "is larger than a theme can be (256 KiB)")
            default: throw ThemeProblem(file: path, line: nil, reason: "cannot be read: \(error.text)")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ThemeProblem(file: path, line: bytes.firstInvalidLine, reason: "this is not UTF-8 text")
        }
        return text
    }
}

// MARK: Resolving
extension ThemeLibrary {
    private func resolve(_ name: String) throws(ThemeProblem) -> Theme {
        let chain = try chain(name)
        var palette: [String: Colour] = [:]
        var parts: [Role: (style: ThemeFile.PartialStyle, file: String)] = [:]
        var gradients: [GradientName: Gradient] = [:]
        for file in chain.reversed() {
            palette.merge(file.palette.mapValues(\.colour)) { $1 }
            for (role, style) in file.styles { parts[role] = (style, file.file) }
        }
        for file in chain.reversed() {
            for (name, gradient) in file.gradients {
                func colour(_ index: Int) throws(ThemeProblem) -> Colour {
                    try ThemeLibrary.colour(gradient.colours[index], palette, file.file, gradient.line)
                }
                gradients[name] = Gradient(try colour(0), try colour(1), try colour(2))
            }
        }
        return Theme(name: name, styles: try styles(parts, palette), gradients: gradients)
    }

    /// What a role leaves open it has from `text`; roles that a theme does not name look like `text`.
    private func styles(
        _ parts: [Role: (style: ThemeFile.PartialStyle, file: String)], _ palette: [String: Colour]
    ) throws(ThemeProblem) -> [Role: Style] {
        func style(_ role: Role, base: Style) throws(ThemeProblem) -> Style {
            guard let (part, file) = parts[role] else { return base }
            var style = Style(base.foreground, on: base.background, part.attributes)
            if let name = part.foreground {
                style.foreground = try ThemeLibrary.colour(name, palette, file, part.line)
            }
            if let name = part.background {
                style.background = try ThemeLibrary.colour(name, palette, file, part.line)
            }
            return style
        }
        let text = try style(.text, base: Style())
        var styles: [Role: Style] = [:]
        for role in Role.allCases { styles[role] = try style(role, base: text) }
        return styles
    }

    private static func colour(
        _ name: String, _ palette: [String: Colour], _ file: String, _ line: Int?
    ) throws(ThemeProblem) -> Colour {
        if let colour = palette[name] ?? Colour(name) { return colour }
        throw ThemeProblem(
            file: file, line: line,
            reason:
                "\"\(name)\" is neither in the palette nor a colour like \"#rrggbb\", \"bright-blue\" or \"terminal\"")
    }
}

extension [UInt8] {
    /// The first line, from 1, that is not UTF-8.
    fileprivate var firstInvalidLine: Int? {
        let lines = split(separator: 0x0A, omittingEmptySubsequences: false)
        return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
    }
}
