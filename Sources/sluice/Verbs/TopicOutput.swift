import SluiceAPI

extension TopicConfig {
    /// `8`, or `8r 4w` where reading and writing differ.
    var queuesText: String { readQueues == writeQueues ? String(readQueues) : "\(readQueues)r \(writeQueues)w" }
}

extension TopicSummary {
    var json: JSONObject {
        var line = JSONObject()
        line.add("name", config.name)
        line.add("kind", kind.rawValue)
        line.add("read_queues", config.readQueues)
        line.add("write_queues", config.writeQueues)
        line.add("permission", config.permission.text)
        line.addKnown("depth", depth)
        line.addKnown("published", published)
        line.add("groups", groups)
        line.addTime("last_stored", lastStored > 0 ? lastStored : nil)
        line.add(coverage)
        return line
    }
}

extension TopicStatus {
    var json: JSONObject {
        var line = summary.json
        line.add(
            "queues",
            queues.map { queue in
                var item = JSONObject()
                item.add("queue", queue.queue)
                item.add("min_offset", queue.minOffset)
                item.add("max_offset", queue.maxOffset)
                item.add("depth", queue.depth)
                item.addTime("first_stored", queue.firstStored > 0 ? queue.firstStored : nil)
                item.addTime("last_stored", queue.lastStored > 0 ? queue.lastStored : nil)
                return item
            })
        line.add(
            "consumers",
            groups.map { group in
                var item = JSONObject()
                item.add("group", group.group)
                item.add("lag", group.lag)
                item.add("clients", group.clients)
                return item
            })
        return line
    }

    var text: String {
        var table = Table([
            Table.Column("queue", .right), Table.Column("min", .right), Table.Column("max", .right),
            Table.Column("depth", .right), Table.Column("first stored"), Table.Column("last stored"),
        ])
        for queue in queues {
            table.add([
                queueText(queue.queue), grouped(queue.minOffset), grouped(queue.maxOffset), grouped(queue.depth),
                TimeText.local(queue.firstStored), TimeText.local(queue.lastStored),
            ])
        }
        let config = summary.config
        var text =
            "\(config.name)  \(config.queuesText) queues  \(config.permission.text)  \(total(summary.depth, summary.coverage)) messages\n"
            + leftOut(nil, summary.coverage)
        text += table.text()
        guard !groups.isEmpty else { return text }
        var consumers = Table([Table.Column("group"), Table.Column("lag", .right), Table.Column("clients", .right)])
        for group in groups { consumers.add([group.group, total(group.lag, summary.coverage), String(group.clients)]) }
        return text + "\n" + consumers.text()
    }
}
