import Testing

@Suite struct PrintTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionsNameEveryVerb(shell: String) throws {
        let run = try Binary.run(["print", "completions", shell], folder: folder)
        #expect(run.status == 0)
        for verb in ["console", "publish", "consume", "serve", "tx"] { #expect(run.text.contains(verb)) }
    }

    @Test func theManualHasEveryVerbWithItsOptions() throws {
        let run = try Binary.run(["print", "man"], folder: folder)
        #expect(run.status == 0)
        #expect(run.text.hasPrefix(".Dd "))
        for verb in ["publish", "tx commit", "gate limit", "bench embedded"] {
            #expect(run.text.contains(".Ss \(verb)\n"), "no section for \(verb)")
        }
        #expect(run.text.contains(".It Fl -group Ar "))
        // A line of text that begins with a dot would be taken for a request.
        let requests: Set<Substring> = [
            ".Dd", ".Dt", ".Os", ".Sh", ".Ss", ".Nm", ".Nd", ".Ar", ".Op", ".Pp", ".Bl", ".It", ".El",
        ]
        for line in run.text.split(separator: "\n") where line.hasPrefix(".") {
            #expect(requests.contains(line.prefix(3)), "\(line)")
        }
    }

    @Test func theUnitServesItsStateFolder() throws {
        let run = try Binary.run(["print", "unit", "--program", "/opt/sluice"], folder: folder)
        #expect(run.status == 0)
        #expect(run.text.contains("ExecStart=/opt/sluice serve --config /etc/sluice/serve.toml --data /var/lib/sluice"))
        #expect(run.text.contains("StateDirectory=sluice"))
    }
}
