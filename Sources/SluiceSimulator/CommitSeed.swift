import Glibc

/// The seed that a run of the tests adds to its fixed ones: another one for each commit, the same for each run of it.
///
/// `SLUICE_TEST_SEED` names it where there is no git, or to repeat a failure.
public enum CommitSeed {
    /// Below 2^32. Printed when it is first asked for. Nil where neither git nor the environment tells one.
    public static let value: UInt64? = {
        let asked = getenv("SLUICE_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        guard let seed = asked ?? commit().flatMap({ UInt64($0.prefix(8), radix: 16) }) else {
            print("There is no commit to take a seed from: only the fixed ones are run. SLUICE_TEST_SEED names one.")
            return nil
        }
        print("The seed of this commit is \(seed); SLUICE_TEST_SEED=\(seed) repeats it.")
        return seed & 0xffff_ffff
    }()

    /// Fixed seeds and that of the commit.
    public static func with(_ fixed: some Sequence<UInt64>) -> [UInt64] {
        Array(fixed) + [value].compactMap(\.self)
    }

    /// The commit of the sources that this was built from, in hex.
    private static func commit() -> String? {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard !folder.contains("'"), let pipe = popen("git -C '/\(folder)' rev-parse HEAD 2>/dev/null", "r") else {
            return nil
        }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 80)
        guard fgets(&line, 80, pipe) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.utf8.count >= 40 ? text : nil
    }
}
