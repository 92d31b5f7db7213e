import SluiceAPI
import SluiceRemoting

/// The table of GET_BROKER_RUNTIME_INFO (requests, 7): all values are texts.
struct RuntimeInfo {
    let status: BrokerStatus
    let stats: StatsSampler
    let options: ServerOptions
    let now: Int64

    var table: [(String, String)] {
        counters + store + [
            ("bootTimestamp", String(status.startedAt)), ("brokerVersion", String(WireVersion.ours)),
            ("brokerVersionDesc", "V4_9_8"), ("brokerActive", "true"), ("runtime", runtime),
            ("startAcceptSendRequestTimeStamp", "0"),
            // Our own: which program this is, and the version of what it adds to the protocol.
            ("sluiceVersion", status.version), ("sluiceProtocol", options.isCompatible ? "0" : "1"),
        ]
    }

    private var counters: [(String, String)] {
        let put = stats.rates(\.published)
        let got = stats.rates(\.delivered)
        let zero = "0.0 0.0 0.0"
        return [
            ("putTps", put), ("getFoundTps", got), ("getMissTps", zero), ("getTotalTps", got),
            // 5.x spells it with two r.
            ("getTransferedTps", got), ("getTransferredTps", got),
            ("msgPutTotalYesterdayMorning", "0"), ("msgPutTotalTodayMorning", String(stats.todayMorning(\.published))),
            ("msgPutTotalTodayNow", String(status.published)), ("msgGetTotalYesterdayMorning", "0"),
            ("msgGetTotalTodayMorning", String(stats.todayMorning(\.delivered))),
            ("msgGetTotalTodayNow", String(status.delivered)),
            ("putMessageTimesTotal", String(status.published)), ("putMessageSizeTotal", String(status.logBytes)),
            (
                "putMessageAverageSize",
                status.published > 0 ? String(Double(status.logBytes) / Double(status.published)) : "0.0"
            ),
            ("putMessageEntireTimeMax", "0"), ("putMessageDistributeTime", ""),
            ("putMessageFailedTimes", String(status.publishErrors)), ("putLatency99", "0"), ("putLatency999", "0"),
            ("getMessageEntireTimeMax", "0"), ("pageCacheLockTimeMills", "0"),
            ("sendThreadPoolQueueSize", "0"), ("sendThreadPoolQueueCapacity", "10000"),
            ("sendThreadPoolQueueHeadWaitTimeMills", "0"), ("pullThreadPoolQueueSize", "0"),
            ("pullThreadPoolQueueCapacity", "100000"), ("pullThreadPoolQueueHeadWaitTimeMills", "0"),
            ("queryThreadPoolQueueSize", "0"), ("queryThreadPoolQueueCapacity", "20000"),
            ("queryThreadPoolQueueHeadWaitTimeMills", "0"), ("EndTransactionQueueSize", "0"),
            ("EndTransactionThreadPoolQueueCapacity", "100000"),
        ]
    }

    private var store: [(String, String)] {
        let used = status.diskTotalBytes - status.diskFreeBytes
        let ratio = status.diskTotalBytes > 0 ? Double(used) / Double(status.diskTotalBytes) : 0
        return [
            ("commitLogMinOffset", String(status.minPhysicalOffset)),
            ("commitLogMaxOffset", String(status.maxPhysicalOffset)), ("commitLogDiskRatio", String(ratio)),
            ("commitLogDiskRatio_\(status.dataFolder)", String(ratio)), ("consumeQueueDiskRatio", String(ratio)),
            (
                "commitLogDirCapacity",
                "Total : \(gibibytes(status.diskTotalBytes)), Free : \(gibibytes(status.diskFreeBytes))."
            ),
            ("dispatchBehindBytes", "0"), ("dispatchMaxBuffer", "0"), ("remainHowManyDataToFlush", "0 B"),
            ("remainTransientStoreBufferNumbs", "2147483647"),
            ("earliestMessageTimeStamp", String(stats.earliest ?? now)),
        ]
    }

    private func gibibytes(_ bytes: Int64) -> String {
        let tenths = bytes * 10 / (1 << 30)
        return "\(tenths / 10).\(tenths % 10) GiB"
    }

    private var runtime: String {
        let seconds = max(0, now - status.startedAt) / 1_000
        return "[ \(seconds / 86_400) days, \(seconds / 3_600 % 24) hours, \(seconds / 60 % 60) minutes, "
            + "\(seconds % 60) seconds ]"
    }
}
