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

    func run(_ effect: FileEffect) -> FileAnswer {
        switch effect {
        case .export(let path, let text, let note): export(text, to: Files.expanded(path), note)
        case .saveView(let name, let text): save(name, text)
        case .loadView(let name): load(name)
        }
    }

    private func export(_ text: String, to path: String, _ note: String) -> FileAnswer {
        do throws(FileProblem) {
            try Files.write(text, to: path, replacing: false)
            return .done(tr("Exported to \(path)\(note)"))
        } catch {
            return .problem(Self.sentence(error, path))
        }
    }

    /// Why a file was not written.
    static func sentence(_ problem: FileProblem, _ path: String) -> String {
        problem == .exists
            ? tr("\(path) is there already and stays as it is: choose another name.")
            : tr("Cannot write \(path): \(problem.text).")
    }

    private func save(_ name: String, _ text: String) -> FileAnswer {
        guard let viewFolder else {
            return .problem(tr("There is no folder to keep views in: neither HOME nor XDG_STATE_HOME is set."))
        }
        let path = "\(viewFolder)/\(name).view"
        do throws(FileProblem) {
            try Files.makeFolders(viewFolder)
            let isThere = Files.exists(path)
            try Files.write(text, to: path, replacing: true)
            return .done(
                isThere ? tr("View \(name) replaced.") : tr("View \(name) saved: :view \(name) brings it back."))
        } catch {
            return .problem(Self.sentence(error, path))
        }
    }

    private func load(_ name: String) -> FileAnswer {
        guard let viewFolder else { return .problem(tr("There are no saved views.")) }
        do throws(FileProblem) {
            let bytes = try Files.read("\(viewFolder)/\(name).view", limit: Self.maxView)
            if let text = String(validating: bytes, as: UTF8.self), !text.isEmpty {
                return .view(name: name, text: text)
            }
        } catch {
            guard error != .missing else { return .problem(missing(name, viewFolder)) }
        }
        return .problem(tr("View \(name) cannot be read; :save \(name) writes it anew."))
    }

    private func missing(_ name: String, _ folder: String) -> String {
        let names = Files.names(in: folder, ending: ".view").prefix(20)
        return names.isEmpty
            ? tr("There is no view \(name); :save NAME makes one.")
            : tr("There is no view \(name); there are \(names.joined(separator: ", ")).")
    }
}
