import Foundation
import Testing

/// What goes in through `publish` comes out of `consume --raw` in another process.
@Suite struct RoundTripTests {
    @Test func damageIsToldToWhoConsumes() throws {
        let folder = try TestFolder()
        let lines = Data((0..<100).map { "line \($0) \(String(repeating: "x", count: 40))\n" }.joined().utf8)
        #expect(try Binary.run(["publish", "t"], input: lines, folder: folder).status == 0)
        let path = folder.data + "/commitlog/00000000000000000000"
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: 400)
        try file.write(contentsOf: Data([0xFF]))
        try file.close()
        let consumed = try Binary.run(["consume", "t", "--group", "g", "--until-empty", "--raw"], folder: folder)
        #expect(consumed.lines.count == 99 && consumed.status == 2)
        #expect(
            consumed.errors.contains("1 message could not be read") && consumed.errors.contains("most in t, queue 0"))
        // What was told once is not told again.
        let again = try Binary.run(["consume", "t", "--group", "g", "--until-empty", "--raw"], folder: folder)
        #expect(again.lines.isEmpty && again.status == 0 && again.errors.isEmpty)
    }

    static let inputs: [(name: String, bytes: Data)] = [
        ("plain", Data("one\ntwo\nthree\n".utf8)),
        ("empty lines", Data("\n\na\n\n".utf8)),
        ("no last line feed", Data("a\nb".utf8)),
        ("CRLF and NUL", Data([0x61, 0x0D, 0x0A, 0x00, 0x0A, 0x0D, 0x0A, 0x00])),
        ("every byte", Data((0...255).map { UInt8($0) } + [0x0A] + (0...255).reversed().map { UInt8($0) })),
        ("long lines", Data(repeating: 0x78, count: 300_000) + Data([0x0A]) + Data(repeating: 0x79, count: 70_000)),
        ("nothing", Data()),
    ]

    @Test(arguments: inputs.indices) func bytesComeBack(_ index: Int) throws {
        let folder = try TestFolder()
        let input = Self.inputs[index].bytes
        let published = try Binary.run(["publish", "lines"], input: input, folder: folder)
        #expect(published.status == 0, "\(published.errors)")
        let bodies = input.isEmpty ? 0 : input.split(separator: 0x0A, omittingEmptySubsequences: false).count
        #expect(published.lines.count == (input.last == 0x0A ? bodies - 1 : bodies))
        #expect(Set(published.lines).count == published.lines.count)
        guard !input.isEmpty else { return }
        let consumed = try Binary.run(
            ["consume", "lines", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(consumed.status == 0, "\(consumed.errors)")
        #expect(consumed.output == input)
    }

    @Test func spreadLinesComeBackInTheOrderStored() throws {
        let folder = try TestFolder()
        let input = Data((0..<5_000).map { "line \($0)\n" }.joined().utf8)
        let published = try Binary.run(["publish", "lines", "--spread"], input: input, folder: folder)
        #expect(published.lines.count == 5_000)
        let consumed = try Binary.run(["consume", "lines", "--group", "g", "--json", "--until-empty"], folder: folder)
        let objects = try consumed.objects
        #expect(Set(objects.compactMap { $0["queue"] as? Int }).count > 1)
        #expect(Set(objects.compactMap { $0["body"] as? String }).count == 5_000)
    }

    @Test func wholeBodiesGetNoLineFeed() throws {
        let folder = try TestFolder()
        let body = Data([0xFF, 0x0A, 0x00, 0x0A])
        try body.write(to: URL(filePath: folder.path + "/body"))
        for arguments in [["--body", "-x"], ["--body-file", folder.path + "/body"]] {
            let published = try Binary.run(["publish", "t", "--queue", "0"] + arguments, folder: folder)
            #expect(published.status == 0, "\(published.errors)")
        }
        let consumed = try Binary.run(["consume", "t", "--group", "g", "--raw", "--count", "2"], folder: folder)
        #expect(consumed.output == Data("-x".utf8) + body)
    }

    @Test func aGroupGoesOnWhereItWas() throws {
        let folder = try TestFolder()
        _ = try Binary.run(["publish", "t"], input: Data("1\n2\n3\n4\n".utf8), folder: folder)
        let first = try Binary.run(["consume", "t", "--group", "g", "--raw", "--count", "3"], folder: folder)
        #expect(first.text == "1\n2\n3\n")
        let rest = try Binary.run(["consume", "t", "--group", "g", "--raw", "--until-empty"], folder: folder)
        #expect(rest.text == "4\n")
        let other = try Binary.run(["consume", "t", "--group", "h", "--raw", "--count", "1"], folder: folder)
        #expect(other.text == "1\n")
        for _ in 0..<2 {
            let all = try Binary.run(
                ["consume", "t", "--group", "b", "--broadcast", "--raw", "--until-empty"], folder: folder)
            #expect(all.text == "1\n2\n3\n4\n")
        }
    }

    /// Killed at any moment: every id printed is of a stored message, and what is stored is a prefix of the file.
    @Test func aKilledPublisherLosesNoPrintedID() throws {
        let folder = try TestFolder()
        let input = Data((0..<400_000).map { "line number \($0) of a file\n" }.joined().utf8)
        let publisher = try Binary.start(["publish", "t"], input: input, folder: folder)
        try publisher.waitForOutput { $0.count > 100_000 }
        publisher.send(SIGKILL)
        let ids = try publisher.finish().text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let consumed = try Binary.run(["consume", "t", "--group", "g", "--json", "--until-empty"], folder: folder)
        let objects = try consumed.objects
        #expect(objects.count >= ids.count)
        #expect(Array(objects.prefix(ids.count)).map { $0["id"] as? String } == ids.map { String($0) })
        let bodies = objects.compactMap { $0["body"] as? String }.joined(separator: "\n")
        #expect(input.starts(with: Data(bodies.utf8)))
    }
}
