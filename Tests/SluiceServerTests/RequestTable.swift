/// Every request of the protocol (requests, 2 to 6), and the tests that it is in.
enum RequestTable {
    enum Cover: Sendable, Equatable {
        /// Tapes on which a client sends it; they are replayed.
        case tapes([String])
        /// Tapes on which the server sends it to a client; what ours sends is compared.
        case pushed([String])
        /// On no tape: ``RequestTableCalls`` asks it.
        case test
        /// Our own, which the tests of the remote connection use for everything.
        case ours
        /// Answered with "not supported".
        case unserved
    }

    struct Row: Sendable {
        var code: Int32
        var name: String
        var cover: Cover

        init(_ code: Int32, _ name: String, _ cover: Cover) {
            self.code = code
            self.name = name
            self.cover = cover
        }
    }

    static let rows = small + large + [Row(30_100, "SLUICE", .ours)] + unserved.map { Row($0, "", .unserved) }

    /// Timers and client configuration; POP; those that 4.9 has constants and nothing else for; classes of filters;
    /// assignments; static topics; groups of brokers; the controller; cold data; users and policies.
    private static let unserved: [Int32] =
        [13, 22, 23, 27, 47, 60, 61, 301, 302, 353, 354, 355, 400, 401, 402, 513, 200_151]
        + [Int32](901...908) + [Int32](1_001...1_018) + [Int32](2_001...2_004) + [Int32](3_001...3_010)
        + [Int32](200_050...200_056)
}

extension RequestTable {
    fileprivate static let small: [Row] = [
        Row(10, "SEND_MESSAGE", .tapes(["4.9.8/raw-errors"])),
        Row(11, "PULL_MESSAGE", .tapes(["4.9.8/pull", "4.9.8/push-clustering"])),
        Row(12, "QUERY_MESSAGE", .tapes(["4.9.8/mqadmin-queryMsgByKey", "4.9.8/mqadmin-queryMsgByKey-none"])),
        Row(14, "QUERY_CONSUMER_OFFSET", .tapes(["4.9.8/pull"])),
        Row(15, "UPDATE_CONSUMER_OFFSET", .tapes(["4.9.8/push-clustering", "4.9.8/mqadmin-skipAccumulatedMessage"])),
        Row(17, "UPDATE_AND_CREATE_TOPIC", .tapes(["4.9.8/mqadmin-updateTopic", "4.9.8/mqadmin-updateTopic-bad"])),
        Row(18, "UPDATE_AND_CREATE_TOPIC_LIST", .test),
        Row(21, "GET_ALL_TOPIC_CONFIG", .tapes(["4.9.8/mqadmin-exportMetadata"])),
        Row(25, "UPDATE_BROKER_CONFIG", .tapes(["4.9.8/mqadmin-updateBrokerConfig", "4.9.8/raw-errors"])),
        Row(26, "GET_BROKER_CONFIG", .tapes(["4.9.8/mqadmin-getBrokerConfig"])),
        Row(28, "GET_BROKER_RUNTIME_INFO", .tapes(["4.9.8/mqadmin-brokerStatus"])),
        Row(29, "SEARCH_OFFSET_BY_TIMESTAMP", .tapes(["4.9.8/pull", "4.9.8/mqadmin-resetOffsetByTime-offline"])),
        Row(30, "GET_MAX_OFFSET", .tapes(["4.9.8/mqadmin-consumeMessage"])),
        Row(31, "GET_MIN_OFFSET", .tapes(["4.9.8/mqadmin-consumeMessage"])),
        Row(32, "GET_EARLIEST_MSG_STORETIME", .tapes(["4.9.8/pull"])),
        Row(33, "VIEW_MESSAGE_BY_ID", .tapes(["4.9.8/mqadmin-queryMsgById"])),
        Row(34, "HEART_BEAT", .tapes(["4.9.8/push-broadcast"])),
        Row(35, "UNREGISTER_CLIENT", .tapes(["4.9.8/producer"])),
        Row(36, "CONSUMER_SEND_MSG_BACK", .tapes(["4.9.8/push-retry-dlq"])),
        Row(37, "END_TRANSACTION", .tapes(["4.9.8/transaction", "4.9.8/state-raw-commit"])),
        Row(38, "GET_CONSUMER_LIST_BY_GROUP", .tapes(["4.9.8/push-clustering"])),
        Row(39, "CHECK_TRANSACTION_STATE", .pushed(["4.9.8/transaction", "4.9.8/transaction-binary"])),
        Row(40, "NOTIFY_CONSUMER_IDS_CHANGED", .pushed(["4.9.8/push-clustering", "4.9.8/push-killed"])),
        Row(41, "LOCK_BATCH_MQ", .tapes(["4.9.8/push-orderly"])),
        Row(42, "UNLOCK_BATCH_MQ", .tapes(["4.9.8/push-orderly"])),
        Row(43, "GET_ALL_CONSUMER_OFFSET", .tapes(["4.9.8/state-raw-overview"])),
        Row(45, "GET_ALL_DELAY_OFFSET", .tapes(["4.9.8/state-raw-delay"])),
        Row(46, "CHECK_CLIENT_CONFIG", .tapes(["4.9.8/push-sql92"])),
        Row(50, "UPDATE_AND_CREATE_ACL_CONFIG", .tapes(["4.9.8/acl-mqadmin-updateAclConfig"])),
        Row(51, "DELETE_ACL_CONFIG", .tapes(["4.9.8/acl-mqadmin-deleteAccessConfig"])),
        Row(52, "GET_BROKER_CLUSTER_ACL_INFO", .tapes(["4.9.8/acl-mqadmin-clusterAclConfigVersion"])),
        Row(53, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG", .tapes(["4.9.8/acl-mqadmin-updateGlobalWhiteAddr"])),
        Row(100, "PUT_KV_CONFIG", .tapes(["4.9.8/mqadmin-updateKvConfig"])),
        Row(101, "GET_KV_CONFIG", .tapes(["4.9.8/mqadmin-updateOrderConf-get", "4.9.8/raw-errors"])),
        Row(102, "DELETE_KV_CONFIG", .tapes(["4.9.8/mqadmin-deleteKvConfig"])),
        Row(103, "REGISTER_BROKER", .tapes(["4.9.8/broker-register"])),
        Row(104, "UNREGISTER_BROKER", .tapes(["4.9.8/broker-register"])),
        Row(105, "GET_ROUTEINFO_BY_TOPIC", .tapes(["4.9.8/raw-route-forms", "4.9.8/mqadmin-topicRoute-unknown"])),
        Row(106, "GET_BROKER_CLUSTER_INFO", .tapes(["4.9.8/raw-route-forms"])),
    ]

    fileprivate static let large: [Row] = [
        Row(200, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP", .tapes(["4.9.8/mqadmin-updateSubGroup"])),
        Row(201, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG", .tapes(["4.9.8/mqadmin-getConsumerConfig"])),
        Row(202, "GET_TOPIC_STATS_INFO", .tapes(["4.9.8/mqadmin-topicStatus"])),
        Row(
            203, "GET_CONSUMER_CONNECTION_LIST",
            .tapes(["4.9.8/mqadmin-consumerConnection", "4.9.8/mqadmin-consumerConnection-offline"])),
        Row(204, "GET_PRODUCER_CONNECTION_LIST", .tapes(["4.9.8/mqadmin-producerConnection"])),
        Row(205, "WIPE_WRITE_PERM_OF_BROKER", .tapes(["4.9.8/mqadmin-wipeWritePerm"])),
        Row(206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER", .tapes(["4.9.8/mqadmin-topicList"])),
        Row(207, "DELETE_SUBSCRIPTIONGROUP", .tapes(["4.9.8/mqadmin-deleteSubGroup", "5.0.0/mqadmin-deleteSubGroup"])),
        Row(208, "GET_CONSUME_STATS", .tapes(["4.9.8/mqadmin-consumerProgress-g"])),
        Row(215, "DELETE_TOPIC_IN_BROKER", .tapes(["4.9.8/mqadmin-deleteTopic"])),
        Row(216, "DELETE_TOPIC_IN_NAMESRV", .tapes(["4.9.8/mqadmin-deleteTopic"])),
        Row(217, "REGISTER_TOPIC_IN_NAMESRV", .test),
        Row(219, "GET_KVLIST_BY_NAMESPACE", .test),
        Row(220, "RESET_CONSUMER_CLIENT_OFFSET", .pushed(["4.9.8/mqadmin-resetOffsetByTime-online"])),
        Row(221, "GET_CONSUMER_STATUS_FROM_CLIENT", .test),
        Row(
            222, "INVOKE_BROKER_TO_RESET_OFFSET",
            .tapes(["4.9.8/mqadmin-resetOffsetByTime-online", "4.9.8/mqadmin-skipAccumulatedMessage"])),
        Row(223, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS", .test),
        Row(224, "GET_TOPICS_BY_CLUSTER", .tapes(["4.9.8/state-raw-overview"])),
        Row(225, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST", .test),
        Row(300, "QUERY_TOPIC_CONSUME_BY_WHO", .tapes(["4.9.8/mqadmin-topicList-c"])),
        Row(303, "QUERY_CONSUME_TIME_SPAN", .tapes(["4.9.8/state-raw-overview"])),
        Row(304, "GET_SYSTEM_TOPIC_LIST_FROM_NS", .tapes(["4.9.8/state-raw-overview"])),
        Row(305, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER", .tapes(["4.9.8/mqadmin-exportMetadata"])),
        Row(306, "CLEAN_EXPIRED_CONSUMEQUEUE", .tapes(["4.9.8/mqadmin-cleanExpiredCQ"])),
        Row(307, "GET_CONSUMER_RUNNING_INFO", .tapes(["4.9.8/mqadmin-consumerStatus"])),
        Row(307, "GET_CONSUMER_RUNNING_INFO", .pushed(["4.9.8/mqadmin-consumerStatus"])),
        Row(308, "QUERY_CORRECTION_OFFSET", .test),
        Row(309, "CONSUME_MESSAGE_DIRECTLY", .tapes(["4.9.8/mqadmin-queryMsgById-consume"])),
        Row(309, "CONSUME_MESSAGE_DIRECTLY", .pushed(["4.9.8/mqadmin-queryMsgById-consume"])),
        Row(310, "SEND_MESSAGE_V2", .tapes(["4.9.8/producer", "4.9.8/producer-vip"])),
        Row(311, "GET_UNIT_TOPIC_LIST", .test),
        Row(312, "GET_HAS_UNIT_SUB_TOPIC_LIST", .test),
        Row(313, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST", .test),
        Row(314, "CLONE_GROUP_OFFSET", .test),
        Row(315, "VIEW_BROKER_STATS_DATA", .tapes(["4.9.8/mqadmin-exportMetrics"])),
        Row(316, "CLEAN_UNUSED_TOPIC", .tapes(["4.9.8/mqadmin-cleanUnusedTopic"])),
        Row(317, "GET_BROKER_CONSUME_STATS", .tapes(["4.9.8/mqadmin-brokerConsumeStats"])),
        Row(318, "UPDATE_NAMESRV_CONFIG", .tapes(["4.9.8/mqadmin-updateNamesrvConfig"])),
        Row(319, "GET_NAMESRV_CONFIG", .tapes(["4.9.8/mqadmin-getNamesrvConfig"])),
        Row(320, "SEND_BATCH_MESSAGE", .tapes(["4.9.8/producer", "4.9.8/producer-binary"])),
        Row(321, "QUERY_CONSUME_QUEUE", .tapes(["4.9.8/mqadmin-queryCq"])),
        Row(322, "QUERY_DATA_VERSION", .test),
        Row(323, "RESUME_CHECK_HALF_MESSAGE", .test),
        Row(324, "SEND_REPLY_MESSAGE", .test),
        Row(325, "SEND_REPLY_MESSAGE_V2", .tapes(["4.9.8/request-reply"])),
        Row(326, "PUSH_REPLY_MESSAGE_TO_CLIENT", .pushed(["4.9.8/request-reply", "4.9.8/request-reply-binary"])),
        Row(327, "ADD_WRITE_PERM_OF_BROKER", .tapes(["4.9.8/mqadmin-addWritePerm"])),
        Row(328, "GET_ALL_PRODUCER_INFO", .tapes(["4.9.8/mqadmin-producer"])),
        Row(329, "DELETE_EXPIRED_COMMITLOG", .tapes(["4.9.8/mqadmin-deleteExpiredCommitLog"])),
        Row(343, "QUERY_TOPICS_BY_CONSUMER", .test),
        Row(345, "QUERY_SUBSCRIPTION_BY_CONSUMER", .test),
        Row(351, "GET_TOPIC_CONFIG", .tapes(["5.0.0/mqadmin-topicStatus"])),
        Row(352, "GET_SUBSCRIPTIONGROUP_CONFIG", .test),
        Row(361, "LITE_PULL_MESSAGE", .tapes(["5.0.0/litepull"])),
        Row(370, "RECALL_MESSAGE", .test),
    ]
}
