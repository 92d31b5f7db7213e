import Foundation

/// What a producer of RocketMQ 5 withdraws a delayed message by: base64url of `v1 topic broker due key` (requests, 2).
struct RecallHandle {
    var topic: String
    var brokerName: String
    /// Epoch ms.
    var due: Int64
    var uniqueKey: String

    init(topic: String, brokerName: String, due: Int64, uniqueKey: String) {
        self.topic = topic
        self.brokerName = brokerName
        self.due = due
        self.uniqueKey = uniqueKey
    }

    /// Nil when the text is no handle.
    init?(_ text: String) {
        var base64 = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while base64.utf8.count % 4 != 0 { base64 += "=" }
        guard let data = Data(base64Encoded: base64) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: " ").map(String.init)
        guard parts.count == 5, parts[0] == "v1", let due = Int64(parts[3]) else { return nil }
        self.init(topic: parts[1], brokerName: parts[2], due: due, uniqueKey: parts[4])
    }

    var text: String {
        let plain = "v1 \(topic) \(brokerName) \(due) \(uniqueKey)"
        return String(
            Data(plain.utf8).base64EncodedString().map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
