import SluiceRemoting
import SluiceServer
import Testing

@Suite("What accounts may do")
struct AccessPermissionTests {
    /// A request with what it asks for, and the permissions that are enough and those that are not.
    struct Row: Sendable, CustomTestStringConvertible {
        let code: Int32
        var fields: [(String, String)] = []
        var body = ""
        /// TOML lines of an account.
        let enough: String
        let lacking: [String]
        let refusal: String
        var testDescription: String { "\(code) \(fields) \(body)" }
    }

    private static let rows = [
        Row(
            code: 10, fields: [("topic", "orders"), ("producerGroup", "p")], enough: #"topics = { orders = "PUB" }"#,
            lacking: [
                #"topics = { orders = "SUB" }"#, #"topics = { other = "PUB" }"#, #"groups = { orders = "PUB" }"#,
            ], refusal: "topic:orders"),
        Row(
            code: 310, fields: [("b", "orders"), ("a", "p")], enough: #"topics = { orders = "SUB|PUB" }"#,
            lacking: ["", "default_topic = \"PUB\"\ntopics = { orders = \"DENY\" }"], refusal: "topic:orders"),
        Row(
            code: 320, fields: [("b", "orders"), ("a", "p"), ("m", "true")], enough: #"default_topic = "ANY""#,
            lacking: [#"default_topic = "SUB""#], refusal: "topic:orders"),
        Row(
            code: 310, fields: [("b", "%RETRY%billing"), ("a", "CLIENT_INNER_PRODUCER")],
            enough: #"groups = { billing = "SUB" }"#,
            lacking: [#"default_topic = "ANY""#, #"groups = { CLIENT_INNER_PRODUCER = "SUB", billing = "PUB" }"#],
            refusal: "group:billing"),
        Row(
            code: 10, fields: [("topic", "%RETRY%billing"), ("producerGroup", "billing")],
            enough: #"topics = { "%RETRY%billing" = "SUB" }"#, lacking: [#"default_topic = "ANY""#],
            refusal: "group:billing"),
        Row(
            code: 36, fields: [("group", "billing"), ("originTopic", "orders")],
            enough: #"groups = { billing = "SUB" }"#,
            lacking: [#"groups = { billing = "DENY" }"#, #"default_topic = "ANY""#], refusal: "group:billing"),
        Row(
            code: 11, fields: [("topic", "orders"), ("consumerGroup", "billing")],
            enough: "topics = { orders = \"SUB\" }\ngroups = { billing = \"SUB\" }",
            lacking: [#"default_topic = "ANY""#], refusal: "group:billing"),
        Row(
            code: 361, fields: [("topic", "orders"), ("consumerGroup", "billing")],
            enough: "default_topic = \"SUB\"\ndefault_group = \"SUB\"",
            lacking: [#"default_group = "ANY""#, "default_topic = \"PUB\"\ndefault_group = \"SUB\""],
            refusal: "topic:orders"),
        Row(
            code: 11, fields: [("topic", "%RETRY%billing"), ("consumerGroup", "billing")],
            enough: #"default_group = "SUB""#, lacking: [#"default_topic = "ANY""#], refusal: "group:billing"),
        Row(
            code: 12, fields: [("topic", "orders"), ("key", "k")], enough: #"topics = { orders = "SUB" }"#,
            lacking: [#"topics = { orders = "PUB" }"#], refusal: "topic:orders"),
        Row(
            code: 34, body: heartbeat, enough: "topics = { orders = \"SUB\" }\ngroups = { billing = \"SUB\" }",
            lacking: [#"groups = { billing = "SUB" }"#], refusal: "topic:orders"),
        Row(
            code: 34, body: heartbeat, enough: "default_topic = \"SUB\"\ndefault_group = \"SUB\"",
            lacking: [#"topics = { orders = "SUB" }"#], refusal: "group:billing"),
        Row(
            code: 35, fields: [("clientID", "c"), ("consumerGroup", "billing")], enough: #"default_group = "SUB""#,
            lacking: [""], refusal: "group:billing"),
        Row(
            code: 38, fields: [("consumerGroup", "billing")], enough: #"default_group = "SUB""#, lacking: [""],
            refusal: "group:billing"),
        Row(
            code: 15, fields: [("topic", "orders"), ("consumerGroup", "billing")],
            enough: "default_topic = \"SUB\"\ndefault_group = \"SUB\"", lacking: [#"default_topic = "SUB""#],
            refusal: "group:billing"),
    ]

    private static let heartbeat = """
        {"clientID":"c","consumerDataSet":[{"groupName":"billing","subscriptionDataSet":[{"topic":"orders"},\
        {"$ref":"$.x"},{"topic":"%RETRY%billing"}]}],"producerDataSet":[{"groupName":"p"}]}
        """

    private func policy(_ lines: String) throws -> AccessPolicy {
        try AccessPolicy(
            toml: "[[accounts]]\naccess_key = \"orders-service\"\nsecret_key = \"correct horse\"\n\(lines)")
    }

    @Test("each code needs what RocketMQ's needs, or more", arguments: rows)
    func codes(_ row: Row) throws {
        for type in [HeaderType.json, .binary] {
            let request = AccessRequest(code: row.code, fields: row.fields, body: row.body, type: type)
            #expect(try request.refusal(policy(row.enough)) == nil)
            #expect(try request.refusal(policy("admin = true")) == nil)
            for lines in row.lacking {
                let refusal = try request.refusal(policy(lines)) ?? ""
                #expect(refusal.contains("No permission for \(row.refusal)"), "\(lines)")
            }
            // An admin with permissions of his own has no others.
            let other = try policy("admin = true\ntopics = { something = \"PUB\" }")
            #expect(try request.refusal(other) != nil)
        }
    }

    @Test("codes for administration need an admin account")
    func admin() throws {
        for code in [17, 25, 200, 207, 215, 18, 225, 50, 51, 53, RequestCode.sluice] as [Int32] {
            let everything = try policy("default_topic = \"ANY\"\ndefault_group = \"ANY\"")
            let refusal = try AccessRequest(code: code).refusal(everything)
            #expect(refusal?.contains("Need admin permission for request code=\(code)") == true)
            #expect(try AccessRequest(code: code).refusal(policy("admin = true")) == nil)
        }
    }

    @Test("other codes need a signature only", arguments: [14, 21, 30, 37, 41, 52, 105, 106, 324, 325])
    func others(_ code: Int32) throws {
        #expect(try AccessRequest(code: code).refusal(policy("")) == nil)
    }

    @Test("every account may publish traces, and no more than that to their topic")
    func traces() throws {
        let lines = #"topics = { RMQ_SYS_TRACE_TOPIC = "DENY" }"#
        for (code, name) in [(10, "topic"), (310, "b"), (320, "b")] as [(Int32, String)] {
            let request = AccessRequest(code: code, fields: [(name, "RMQ_SYS_TRACE_TOPIC")])
            #expect(try request.refusal(policy(lines)) == nil)
        }
        let query = AccessRequest(code: 12, fields: [("topic", "RMQ_SYS_TRACE_TOPIC")])
        #expect(try query.refusal(policy(lines)) != nil)
    }

    @Test("a request that does not name what it touches is refused, unless it touches nothing")
    func nameless() throws {
        let policy = try policy("default_topic = \"ANY\"\ndefault_group = \"ANY\"")
        // Short and long names are not taken for each other.
        let lacking: [(Int32, [(String, String)])] = [
            (10, [("b", "orders")]), (310, [("topic", "orders")]), (320, [("topic", "orders")]), (36, []),
            (11, [("topic", "orders")]), (15, [("consumerGroup", "billing")]), (12, [("topic", "")]),
        ]
        for (code, fields) in lacking {
            let refusal = try AccessRequest(code: code, fields: fields).refusal(policy)
            #expect(refusal?.contains("lacks the field") == true, "\(code)")
        }
        #expect(try AccessRequest(code: 34, body: "no heartbeat").refusal(policy)?.contains("cannot be read") == true)
        #expect(try AccessRequest(code: 35, fields: [("producerGroup", "p")]).refusal(policy) == nil)
        #expect(try AccessRequest(code: 35, fields: [("consumerGroup", "")]).refusal(policy) == nil)
        #expect(try AccessRequest(code: 34, body: #"{"clientID":"c"}"#).refusal(policy) == nil)
    }
}
