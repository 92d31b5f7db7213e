import SluiceAPI
import SluiceServer
import Testing

@Suite("Metrics as text")
struct MetricsTextTests {
    @Test("a family stands together under one HELP and one TYPE")
    func families() {
        var text = MetricsText()
        text.counter("a_total", help: "first", labels: [("topic", "t")], value: 3)
        text.gauge("b", help: "second", value: 0.5)
        text.counter("a_total", help: "not shown", labels: [("topic", "u"), ("group", "g")], value: 4)
        #expect(
            text.text == """
                # HELP a_total first
                # TYPE a_total counter
                a_total{topic="t"} 3
                a_total{topic="u",group="g"} 4
                # HELP b second
                # TYPE b gauge
                b 0.5

                """)
        #expect(MetricsText().text == "")
    }

    @Test("values, help and names are escaped")
    func escapes() {
        var text = MetricsText(labels: [("node", "a\"b")])
        text.gauge("2 süß:x", help: "back\\slash \"quoted\"\nline", labels: [("a:b", "\\ \" \n \r ü\u{0}")], value: 1)
        #expect(
            text.text == #"""
                # HELP _2_s__:x back\\slash "quoted"\nline
                # TYPE _2_s__:x gauge
                _2_s__:x{node="a\"b",a_b="\\ \" \n
                """# + " \r ü\u{0}\"} 1\n")
    }

    @Test(
        "numbers are what Prometheus reads",
        arguments: [
            (0, "0"), (-0.0, "0"), (-12, "-12"), (1e15, "1000000000000000"),
            (9_007_199_254_740_991, "9007199254740991"), (1e16, "1e+16"), (0.1, "0.1"),
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        ])
    func numbers(_ value: Double, _ shown: String) {
        var text = MetricsText()
        text.gauge("x", help: "", value: value)
        #expect(text.text.hasSuffix("\nx \(shown)\n"))
    }

    private var snapshot: MetricsSnapshot {
        var snapshot = MetricsSnapshot(cluster: "DefaultCluster", node: "sluice")
        var topic = MetricsSnapshot.Topic(name: "orders", kind: .normal, messagesIn: 12)
        topic.bytesIn = 3_000
        topic.messagesOut = 9
        topic.pendingDelays = 2
        var dead = MetricsSnapshot.Topic(name: "%DLQ%billing", kind: .deadLetter, messagesIn: 1)
        dead.depth = 1
        snapshot.topics = [topic, dead, .init(name: "SCHEDULE_TOPIC_XXXX", kind: .system, messagesIn: 2)]
        var group = MetricsSnapshot.Group(name: "billing", topic: "orders", kind: .normal, lag: 3)
        group.lagMilliseconds = 1_500
        group.inflight = 2
        group.deadLetters = 1
        snapshot.groups = [group, .init(name: "billing", topic: "%RETRY%billing", kind: .retry, lag: 0)]
        snapshot.producers = [.init(language: "java", version: "v4_9_8", count: 2), .init(group: "p", count: 1)]
        snapshot.consumers = [.init(group: "billing", count: 1), .init(group: "billing", count: 2)]
        snapshot.waiting = [.init(processor: "send", count: 5)]
        snapshot.pendingDelays = 2
        snapshot.unresolvedHalves = 1
        snapshot.oldestHalfSeconds = 61.5
        snapshot.storageBytes = 1 << 30
        snapshot.diskFreeBytes = 1 << 40
        return snapshot
    }

    @Test("of a broker that does not answer only that is told")
    func down() {
        var snapshot = MetricsSnapshot(cluster: "c", node: "n")
        snapshot.isUp = false
        let samples = brokerMetrics(snapshot).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples == [#"sluice_up{node_type="broker",cluster="c",node_id="n"} 0"#])
    }

    @Test("a broker's metrics have RocketMQ's names and labels")
    func broker() {
        let lines = brokerMetrics(snapshot).split(separator: "\n").map(String.init)
        let node = #"node_type="broker",cluster="DefaultCluster",node_id="sluice""#
        let orders = #"topic="orders",is_system="false",is_retry="false""#
        let group = #"consumer_group="billing",topic="orders",is_system="false",is_retry="false""#
        let disk = #"storage_type="local",storage_medium="disk""#
        let samples = [
            "sluice_up{\(node)} 1", "rocketmq_topic_number{\(node)} 3", "rocketmq_consumer_group_number{\(node)} 1",
            "rocketmq_messages_in_total{\(node),\(orders)} 12", "rocketmq_throughput_in_total{\(node),\(orders)} 3000",
            "rocketmq_messages_out_total{\(node),\(orders)} 9",
            #"rocketmq_timing_messages{\#(node),\#(disk),topic="orders"} 2"#,
            #"sluice_topic_messages{\#(node),topic="%DLQ%billing",is_system="false",is_retry="true"} 1"#,
            "rocketmq_consumer_lag_messages{\(node),\(group)} 3",
            "rocketmq_consumer_lag_latency{\(node),\(group)} 1500",
            "rocketmq_consumer_inflight_messages{\(node),\(group)} 2",
            #"rocketmq_producer_connections{\#(node),language="java",version="v4_9_8",protocol_type="remoting"} 2"#,
            #"rocketmq_producer_connections{\#(node),producer_group="p",protocol_type="remoting"} 1"#,
            #"rocketmq_consumer_connections{\#(node),consumer_group="billing",protocol_type="remoting"} 3"#,
            #"rocketmq_processor_watermark{\#(node),processor="send"} 5"#,
            "sluice_pending_delays{\(node)} 2", "sluice_unresolved_halves{\(node)} 1",
            "sluice_oldest_half_seconds{\(node)} 61.5", "rocketmq_storage_size{\(node),\(disk)} 1073741824",
            "sluice_disk_free_bytes{\(node)} 1099511627776",
        ]
        for sample in samples { #expect(lines.contains(sample), "\(sample)") }
        #expect(lines.contains("# TYPE rocketmq_messages_in_total counter"))
        #expect(lines.contains("# TYPE rocketmq_consumer_lag_messages gauge"))
        // What is not known is not there, and no sample is there twice.
        #expect(!lines.contains { $0.hasPrefix("rocketmq_timer_dequeue_lag") || $0.hasPrefix("sluice_set_aside") })
        let names = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix(while: { $0 != "}" }) }
        #expect(Set(names).count == names.count)
    }
}
