import Foundation
import Testing

/// `watch`, `snapshot`, `theme` and the console's lines, on a folder with a group that is behind.
@Suite struct WatchTests {
    private func folder() throws -> TestFolder {
        let folder = try TestFolder()
        for body in ["one", "two", "three"] {
            let sent = try Binary.run(["publish", "orders", "--queue", "0", "--body", body], folder: folder)
            #expect(sent.status == 0, "\(sent.errors)")
        }
        _ = try Binary.run(["consume", "orders", "--group", "billing", "--count", "1"], folder: folder)
        return folder
    }

    @Test(arguments: [
        (["--lag", "5"], 0, ""), (["--lag", "1"], 10, "warning: billing: lag 2 (over 1)"),
        (["--lag", "0,1"], 11, "critical: billing: lag 2 (over 1)"), (["--lag", "1", "--group", "nobody"], 3, ""),
        (["--lag", "2,1"], 64, ""), (["--behind", "1h"], 0, "ok:"),
    ])
    func endsAsItStands(_ options: [String], _ status: Int32, _ words: String) throws {
        let folder = try folder()
        let outcome = try Binary.run(["watch", "--for", "0s"] + options, folder: folder)
        #expect(outcome.status == status, "\(outcome.text) \(outcome.errors)")
        #expect(outcome.text.contains(words) || words.isEmpty, "\(outcome.text)")
    }

    @Test func aSnapshotIsTextOrAPicture() throws {
        let folder = try folder()
        let text = try Binary.run(["snapshot", "group:billing", "--size", "100x20"], folder: folder)
        #expect(text.status == 0 && text.text.filter { $0 == "\n" }.count == 20, "\(text.errors)")
        #expect(text.text.contains("billing") && text.text.contains("orders"))
        let file = folder.path + "/o.svg"
        let drawn = try Binary.run(["snapshot", "topics", "--svg", file, "--theme", "frost"], folder: folder)
        #expect(drawn.status == 0 && drawn.output.isEmpty, "\(drawn.errors)")
        let svg = try String(contentsOfFile: file, encoding: .utf8)
        #expect(svg.hasPrefix("<svg ") && svg.contains(">orders</text>"))
        #expect(try XMLDocumentCheck.isWellFormed(file))
        #expect(try Binary.run(["snapshot", "topics", "--svg", file], folder: folder).status == 6)
        #expect(try Binary.run(["snapshot", "group:nobody"], folder: folder).status == 3)
        #expect(try Binary.run(["snapshot", "nowhere"], folder: folder).status == 64)
    }

    @Test func linesUntilASignal() throws {
        let folder = try folder()
        let running = try Binary.start(["console", "--plain", "--screen", "groups"], folder: folder)
        try running.waitForOutput { String(decoding: $0, as: UTF8.self).contains("group billing: ") }
        running.send(SIGINT)
        let outcome = try running.finish()
        #expect(outcome.status == 130)
        withExtendedLifetime(folder) {}
        #expect(outcome.text.contains("lag 2") && !outcome.text.contains("│"), "\(outcome.text)")
    }
}

enum XMLDocumentCheck {
    /// Every tag that is opened is closed, in order; entities are whole.
    static func isWellFormed(_ path: String) throws -> Bool {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var open: [Substring] = []
        for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            guard let end = part.firstIndex(of: ">") else { return false }
            let tag = part[..<end]
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter }
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { return false }
            } else if !tag.hasSuffix("/") {
                open.append(name)
            }
        }
        return open.isEmpty
    }
}
