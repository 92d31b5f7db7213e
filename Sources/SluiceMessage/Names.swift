/// Names of well-known message properties (RocketMQ's MessageConst).
public enum PropertyName {
    public static let keys = "KEYS"
    public static let tags = "TAGS"
    public static let uniqueKey = "UNIQ_KEY"
    public static let wait = "WAIT"
    public static let delayLevel = "DELAY"
    public static let cluster = "CLUSTER"
    public static let retryTopic = "RETRY_TOPIC"
    public static let realTopic = "REAL_TOPIC"
    public static let realQueue = "REAL_QID"
    public static let originMessageID = "ORIGIN_MESSAGE_ID"
    public static let transaction = "TRAN_MSG"
    public static let producerGroup = "PGROUP"
    public static let checkTimes = "TRANSACTION_CHECK_TIMES"
    public static let checkImmunity = "CHECK_IMMUNITY_TIME_IN_SECONDS"
    public static let timerDelaySeconds = "TIMER_DELAY_SEC"
    public static let timerDelayMilliseconds = "TIMER_DELAY_MS"
    public static let timerDeliverAt = "TIMER_DELIVER_MS"
    public static let timerDue = "TIMER_OUT_MS"
    public static let timerRecalled = "TIMER_DEL_UNIQKEY"
    /// Ours: the id people know a message by that has no unique key and was stored again while it waited or was unresolved.
    public static let identity = "SLUICE_ID"
    /// Ours: of a record in place of a waiting one, when that one was due, epoch ms.
    public static let replacedDue = "SLUICE_WAS_DUE"
    /// Ours, of a half that was copied to the log's tail: what is known of it.
    public static let halfState = "SLUICE_HALF"
    /// Ours: id and physical offset of the message that this one is a copy of, `<id>@<offset>`.
    public static let replayOf = "SLUICE_REPLAY_OF"
}

/// Names of system topics and prefixes (RocketMQ's TopicValidator and MixAll).
public enum TopicName {
    public static let schedule = "SCHEDULE_TOPIC_XXXX"
    public static let timer = "rmq_sys_wheel_timer"
    public static let half = "RMQ_SYS_TRANS_HALF_TOPIC"
    public static let op = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
    public static let setAside = "TRANS_CHECK_MAX_TIME_TOPIC"
    public static let template = "TBW102"
    public static let retryPrefix = "%RETRY%"
    public static let deadLetterPrefix = "%DLQ%"

    /// Topics that the broker writes to by itself and nobody else may (response 16 in RocketMQ).
    public static let forbiddenToSend: Set<String> = [
        schedule, timer, half, op, setAside, "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT",
    ]
    public static let system: Set<String> = forbiddenToSend.union([
        template, "BenchmarkTest", "RMQ_SYS_TRACE_TOPIC",
    ])

    public static func isSystem(_ name: String) -> Bool { system.contains(name) || name.hasPrefix("rmq_sys_") }
    public static func retry(_ group: String) -> String { retryPrefix + group }
    public static func deadLetter(_ group: String) -> String { deadLetterPrefix + group }
}

/// Bits of a stored message's sysFlag.
public enum SystemFlag {
    public static let compressed: Int32 = 0x1
    public static let transactionMask: Int32 = 0xC
    public static let prepared: Int32 = 0x4
    public static let commit: Int32 = 0x8
    public static let rollback: Int32 = 0xC
    public static let bornHostV6: Int32 = 0x10
    public static let storeHostV6: Int32 = 0x20
    public static let compressionMask: Int32 = 0x700
    public static let zlib: Int32 = 0x300
    /// How the body is compressed.
    public static let bodyMask: Int32 = compressed | compressionMask
}

/// The limits that bytes from outside are held against, with their relations in one place.
public enum Limits {
    /// Bytes of a message body (RocketMQ's maxMessageSize).
    public static let maxBodyBytes = 4 * 1024 * 1024
    /// Bytes of a message's stored properties.
    public static let maxPropertiesBytes = 32_767
    /// Characters of a topic name.
    public static let maxTopicLength = 127
    /// Characters of a group name: `%RETRY%` before it has to fit into a topic name.
    public static let maxGroupLength = 120
    /// Queues of one topic.
    public static let maxQueues = 4096
    /// Bytes of one stored record: body, properties, topic and the fixed fields.
    public static let maxRecordBytes = maxBodyBytes + 64 * 1024
}
