extension Chinese {
    /// What brokers do by other means, or cannot do: the sentences of the features table.
    static let features: [String: String] = [
        "RocketMQ counts no deliveries by group, so committed offsets stand for them, and large clusters are counted in turns.":
            "RocketMQ 不按消费组统计投递，以提交位点代替；大集群轮流统计。",
        "RocketMQ cannot deliver a delayed message early: publish a copy, and where it can, cancel the delayed one.":
            "RocketMQ 不能提前投递延时消息：可发布副本，能撤回时再撤回原消息。",
        "RocketMQ cannot give a delayed message another moment: publish a copy, and where it can, cancel the delayed one.":
            "RocketMQ 不能为延时消息改期：可发布副本，能撤回时再撤回原消息。",
        "The number of checks is RocketMQ's own; when the next one is due is reckoned from the last copy and the broker's check interval.":
            "回查次数取自 RocketMQ；下次回查时刻按最近副本与 Broker 的回查间隔推算。",
        "The console sends the end of the transaction as its producer would have, then looks whether it took effect.":
            "控制台以生产者的方式发送事务结果，再查看是否生效。",
        "RocketMQ asks again only for a half that it has given up; others it asks for by itself each round.":
            "RocketMQ 只能再次回查已放弃的半消息；其余每轮自动回查。",
        "RocketMQ 4 tells the clients of a running group to move, which takes them about ten seconds; offsets of a group without clients are set directly.":
            "RocketMQ 4 通知在线客户端重置位点，约需十秒；没有客户端的消费组直接设置。",
        "The console reads the messages and sends them again itself.": "由控制台读取消息并自行重新发送。",
        "A paced replay runs inside a Sluice broker; here choose messages and republish them.":
            "按速重放在 Sluice 的 Broker 内运行；此处可选择消息重新发布。",
        "The console reads the dead letters and sends them to the group's retry topic itself.": "由控制台读取死信并发到消费组的重试主题。",
        "The group's consumeEnable is switched off on every broker: its clients' pulls are refused until it is switched on.":
            "在每个 Broker 上关闭该组的 consumeEnable：恢复前客户端的拉取会被拒绝。",
        "RocketMQ cannot slow a group down to so many messages a second; it can be paused and released.":
            "RocketMQ 不能按每秒条数限流消费组；可暂停和放行。",
        "RocketMQ has no limit for what a topic takes from producers.": "RocketMQ 没有主题的发布限流。",
        "RocketMQ keeps no audit: this one is a file beside the console, of what was done from here.":
            "RocketMQ 没有审计：此处是控制台旁的文件，只记从这里做的操作。",
        "RocketMQ before 5 has no delay but its levels.": "RocketMQ 5 之前只有延时等级。",
        "RocketMQ before 5 cannot withdraw a delayed message.": "RocketMQ 5 之前不能撤回延时消息。",
        "RocketMQ 5.3.2 and later withdraws messages of an exact time where its option recallMessageEnable is on; those of a level stay.":
            "RocketMQ 5.3.2 起，开启 recallMessageEnable 时可撤回任意延时消息；等级延时的不能。",
        "RocketMQ 5 moves the stored offsets of a group itself, and its clients go on from there at their next pull.":
            "RocketMQ 5 自行重置消费组的存储位点，客户端下次拉取时从那里继续。",
    ]
}
