import ArgumentParser
import Foundation

/// A manual page in the mdoc language, made from what the commands say of themselves, so that it is never out of date.
struct ManualPage {
    private let root: Command

    /// - Throws: `.failed` when the parser describes its commands in a form that is not known here.
    init(_ command: (some ParsableCommand).Type) throws(CommandFailure) {
        do {
            root = try JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8)).command
        } catch {
            throw CommandFailure(.failed, "The commands cannot be described: \(error).")
        }
    }

    var text: String {
        var lines = [
            ".Dd $Mdocdate$", ".Dt \(root.commandName.uppercased()) 1", ".Os", ".Sh NAME", ".Nm \(root.commandName)",
            ".Nd \(Self.plain(root.abstract ?? "").trimmingSuffix("."))", ".Sh SYNOPSIS", ".Nm", ".Ar verb",
            ".Op Ar options", ".Sh DESCRIPTION",
        ]
        lines += Self.paragraphs(root.discussion)
        lines += [".Sh VERBS"]
        for verb in root.shown { add(verb, path: [], &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func add(_ command: Command, path: [String], _ lines: inout [String]) {
        let path = path + [command.commandName]
        if command.shown.isEmpty {
            lines += [".Ss \(Self.plain(path.joined(separator: " ")))"]
            lines += Self.paragraphs(command.abstract)
            lines += Self.paragraphs(command.discussion)
            let arguments = (command.arguments ?? []).filter { $0.shouldDisplay && $0.valueName != "help" }
            guard !arguments.isEmpty else { return }
            lines.append(".Bl -tag -width Ds")
            for argument in arguments {
                lines.append(".It \(argument.heading)")
                lines.append(Self.plain(argument.explanation))
            }
            lines.append(".El")
        } else {
            for verb in command.shown { add(verb, path: path, &lines) }
        }
    }

    private static func paragraphs(_ text: String?) -> [String] {
        guard let text else { return [] }
        return text.split(separator: "\n").flatMap { [".Pp", plain(String($0))] }
    }

    /// Text that the formatter takes as text: no line begins with a control character, and a backslash is one.
    fileprivate static func plain(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("\n", with: " ")
        return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
    }

    // MARK: What the parser dumps

    private struct Tool: Decodable { var command: Command }

    private struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var shouldDisplay: Bool?
        var subcommands: [Command]?
        var arguments: [Argument]?

        /// The verbs below, without `help`, which every one has.
        var shown: [Command] {
            (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
        }
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
            var text: String { (kind == "long" ? "--" : "-") + name }
        }
        var kind: String
        var shouldDisplay: Bool
        var valueName: String?
        var abstract: String?
        var names: [Name]?
        var defaultValue: String?
        var allValues: [String]?

        var heading: String {
            let value = kind == "flag" ? "" : " Ar " + ManualPage.plain(valueName ?? "value")
            guard let names, !names.isEmpty else { return "Ar " + ManualPage.plain(valueName ?? "value") }
            // A dash of its own is Fl's; the second one of a long name is text.
            return names.map { "Fl " + $0.text.dropFirst() }.joined(separator: " , ") + value
        }

        var explanation: String {
            var text = abstract ?? ""
            if let allValues, !allValues.isEmpty { text += " One of: \(allValues.joined(separator: ", "))." }
            if let defaultValue, kind != "flag" { text += " Default: \(defaultValue)." }
            return text
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
