/// What a broker says with a code that is no success, in words for people: RocketMQ sends its exceptions, classes and
/// source lines included.
struct BrokerRemark {
    /// Its first line without Java's names around it.
    let text: String
    /// Access control refused. 4.9 answers 1 and names its exception in the remark; 5.x answers 16 (observed).
    let isDenial: Bool

    init(_ remark: String?) {
        let line = remark?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        isDenial = line.contains("AclException")
        let said = Self.withoutJava(line)
        text = isDenial ? Self.denial(said) : said.isEmpty ? "it gives no reason" : said
    }

    private static func withoutJava(_ line: String) -> String {
        line.replacing(/^(?:[A-Za-z_$][\w$]*\.)+[\w$]*(?:Exception|Error):\s*/, with: "")
            .replacing(/,\s*(?:[A-Za-z_$][\w$]*\.)+[\w$<>]+\([\w$]+\.java:\d+\)\s*$/, with: "")
    }

    /// The refusals of 4.9's access control that an operator can do something about.
    private static func denial(_ said: String) -> String {
        if let key = said.firstMatch(of: /signature failed for accessKey=(\S+)/) {
            return "the secret key given for access key \(key.1) is wrong"
        }
        if said.contains("No accessKey is configured") {
            return "it asks for an access key and none was given: set SLUICE_ACCESS_KEY and SLUICE_SECRET_KEY, or name"
                + " keys for the cluster in the configuration file"
        }
        if let key = said.firstMatch(of: /No acl config for (\S+)/) {
            return "it has no account for access key \(key.1)"
        }
        return said
    }
}
