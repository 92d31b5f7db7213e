import Glibc
import SluiceServer
import Testing

@Suite("Access files")
struct AccessFileTests {
    private func problem(_ toml: String) -> AccessError? {
        do throws(AccessError) {
            _ = try AccessPolicy(toml: toml)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "an error names its line and what is wrong",
        arguments: [
            ("global_white_addresses = \"*\"", 1, "must be a list"),
            ("\nglobal_white_addresses = [\"10.0.0.1\", \"10.0.0\"]", 2, "\"10.0.0\" is no address pattern"),
            ("# x\nglobals = 1", 2, "\"globals\" is not known here"),
            ("version = -1", 1, "0 or more"),
            ("accounts = 3", 1, "[[accounts]]"),
            ("[[accounts]]\naccess_key = \"longenough\"", 1, "no secret_key"),
            ("[[accounts]]\naccess_key = \"longenough\"\nsecret_key = \"123456\"", 3, "more than 6"),
            ("[[accounts]]\naccess_key = 12345678\nsecret_key = \"1234567\"", 2, "access_key must be a text"),
            (second + "admin = \"yes\"", 8, "true or false"),
            (second + "white_address = \"1.2.3.256\"", 8, "\"256\" must be 0 to 255"),
            (second + "default_topic = \"PUBLISH\"", 8, "default_topic must be"),
            (second + "topics = [\"orders=PUB\"]", 8, "must be a table"),
            (second + "topics = { orders = \"PUB\", audit = \"READ\" }", 8, "audit must be"),
            (second + "[accounts.groups]\nbilling = \"SUB\"\n\"%x\" = 4", 10, "%x must be"),
            (second + "topics.orders = \"PUBSUB\"", 8, "orders must be"),
            (second + "defaultTopicPerm = \"SUB\"", 8, "\"defaultTopicPerm\" is not known here; there are access_key"),
            (second + "[[accounts]]\naccess_key = \"second-one\"\nsecret_key = \"1234567\"", 9, "a second account"),
            (second + "admin = true\nadmin = false", 9, "not TOML"),
            ("a = 1\r\nsecret = \"unfinished", 2, "not TOML"),
        ])
    func lines(_ toml: String, _ line: Int, _ reason: String) {
        let problem = problem(toml)
        #expect(problem?.line == line)
        #expect(problem?.reason.contains(reason) == true, "\(problem?.description ?? "none")")
        for secret in ["1234567", "unfinished"] { #expect(problem?.description.contains(secret) != true) }
    }

    /// An account and the beginning of a second; line 8 follows.
    private static let second = """
        [[accounts]]
        access_key = "first-one"
        secret_key = "1234567"
        topics = { orders = "PUB" }
        [[accounts]]
        access_key = "second-one"
        secret_key = "1234567"

        """

    @Test("a file's errors name the file too")
    func files() throws {
        let path = "/tmp/sluice-access-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        defer { unlink(path) }
        #expect(write(file, "version = 3\nwhat = 1\n", 21) == 21)
        close(file)
        let unknown = "\"what\" is not known here; there are accounts, global_white_addresses, version"
        #expect(description(path) == "\(path):2: \(unknown)")
        #expect(truncate(path, 12) == 0)
        #expect(try AccessPolicy.load(path).version == 3)
        #expect(description("/nowhere/acl.toml") == "/nowhere/acl.toml: cannot be read: No such file or directory")
        #expect(description("/tmp")?.contains("cannot be read") == true)
    }

    private func description(_ path: String) -> String? {
        do throws(AccessError) {
            _ = try AccessPolicy.load(path)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("what is written reads back equal")
    func roundTrip() throws {
        let policy = try AccessPolicy(
            toml: #"""
                version = 7
                global_white_addresses = ["10.0.0.{1,2}", "::1"]
                [[accounts]]
                access_key = "with \"quotes\" \\ and \t\u0001\u007F ü"
                secret_key = '''#not a comment'''
                white_address = "10.0.1.1-9,10.0.{3,4}.*"
                admin = true
                default_topic = "ANY"
                default_group = "SUB"
                topics = { orders = "PUB|SUB", "%DLQ%billing" = "SUB" }
                [accounts.groups]
                billing = "SUB"
                [[accounts]]
                access_key = "second-one"
                secret_key = "1234567"
                """#)
        #expect(try AccessPolicy(toml: policy.encodedTOML()) == policy)
        #expect(policy.version == 7)
        #expect(try AccessPolicy(toml: AccessPolicy(toml: "").encodedTOML()) == AccessPolicy(toml: ""))
    }
}
