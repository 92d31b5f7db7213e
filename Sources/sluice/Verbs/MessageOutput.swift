import SluiceConsole
import SluiceMessage

/// How `consume` prints a message.
enum MessageFormat { case raw, json, text }

extension Output {
    mutating func write(_ message: StoredMessage, as format: MessageFormat) {
        switch format {
        case .raw:
            write(message.body)
            let end = message.properties.last { $0.name == InputLine.lineEnd.name }
            if end == InputLine.lineEnd { write([0x0A]) }
        case .json: write(message.json)
        case .text: write(message.line + "\n")
        }
    }
}

extension StoredMessage {
    /// Properties that have fields of their own.
    private static let ownFields: Set<String> = [PropertyName.keys, PropertyName.tags, PropertyName.uniqueKey]

    var json: JSONObject {
        var line = JSONObject()
        line.add("topic", topic)
        line.add("queue", queue)
        line.add("offset", queueOffset)
        line.add("id", id)
        line.add("offset_id", offsetID)
        line.add("physical_offset", physicalOffset)
        line.add("tag", tag)
        line.add("keys", keys)
        var others = JSONObject()
        for (index, property) in properties.enumerated() where !Self.ownFields.contains(property.name) {
            let isOverridden = properties[(index + 1)...].contains { $0.name == property.name }
            if !isOverridden { others.add(property.name, property.value) }
        }
        line.add("properties", others)
        line.add("flag", flag)
        line.addTime("born", bornTimestamp)
        line.addTime("stored", storeTimestamp)
        line.add("reconsume_times", reconsumeTimes)
        line.add("size", size)
        line.addText("body", body)
        return line
    }

    /// As `orders/3@1204  2026-11-22 14:03:27.512  [paid] order-88213  the body`, safe for a terminal.
    var line: String {
        var text = "\(topic)/\(queueText(queue))@\(queueOffset)  \(TimeText.local(storeTimestamp))  "
        if let tag { text += "[\(tag)] " }
        if !keys.isEmpty { text += keys.joined(separator: " ") + "  " }
        text += String(decoding: body, as: UTF8.self)
        return TextSanitiser.sanitise(text)
    }
}
