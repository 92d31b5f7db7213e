extension TapeDifferences {
    /// What Sluice does otherwise on purpose, and what the tests do otherwise than the tapes.
    static let meant: [Allowed] = [
        Allowed(
            tapes: ["4.9.8/push-sql92"], codes: [11], differences: ["no answer, recorded was 20"],
            reason: """
                it depends on which came first: a pull that finds messages none of which pass is answered at once, one \
                that waits already is not woken by them
                """),
        Allowed(
            tapes: ["4.9.8/delay-level", "4.9.8/push-retry-dlq", "5.0.0/timer"], codes: [11],
            differences: ["message prepared offset"],
            reason: "a delivered delay names the record it comes from, so that a crash delivers nothing twice"),
        Allowed(
            tapes: ["4.9.8/state-"], codes: [33],
            differences: [
                "property missing: WAIT", "property extra: KEYS", "property extra: SLUICE_ORIGIN",
                "property extra: SLUICE_RESOLUTION",
            ],
            reason: "an op record says which message was resolved how and by whom; nobody reads its WAIT"),
        Allowed(
            tapes: ["4.9.8/state-raw-trans-"], codes: [11], differences: ["code 17 → 0"],
            reason: "the op topic can be pulled, as on 5.0.0"),
        Allowed(
            tapes: ["4.9.8/state-raw-overview"], codes: [202], differences: ["code 17 → 0"],
            reason: "the op topic tells its offsets, as on 5.0.0"),
        Allowed(
            tapes: ["4.9.8/state-raw-endtx-"], codes: [37], differences: ["code 0 → 1"],
            reason: "a transaction ends once: 4.9.8 stores the message again, or shows it after its rollback"),
        Allowed(
            tapes: ["4.9.8/state-raw-endtx-"], codes: [11], differences: ["messages 4 → 2", "messages 5 → 2"],
            reason: "so there are no doubles in the topic"),
        Allowed(
            tapes: ["4.9.8/state-raw-endtx-rollback-then-commit"], codes: [11], differences: ["code 0 → 19"],
            reason: "nor what was rolled back"),
        Allowed(
            tapes: ["4.9.8/state-raw-endtx-"], codes: [33], differences: ["code 0 → 1"],
            reason: "and no op records of what was refused"),
        Allowed(
            tapes: ["5.0.0/timer"], codes: [310], differences: ["code 13 → 0", "field extra: recallHandle"],
            reason: "a message may wait for 40 days, not for three, and be recalled, as with 5.3.2"),
        Allowed(
            tapes: ["4.9.8/acl-mqadmin-queryMsgByKey"], codes: [12], differences: ["code 1 → 22"],
            reason: "4.9.8 refuses the queries by key that its own clients sign; there is no such message"),
        Allowed(
            tapes: ["4.9.8/acl-mqadmin-updateAclConfig"], codes: [50], differences: ["code 0 → 209"],
            reason: "a permission that is none is refused: 4.9.8 takes it for DENY"),
        Allowed(
            tapes: ["4.9.8/mqadmin-topicList-c"], codes: [300], differences: ["body groupList[]: filled → empty"],
            reason: "the half topic has a group on it once there was a transaction"),
        Allowed(
            tapes: ["4.9.8/state-raw-overview"], codes: [315], differences: ["code 0 → 1"],
            reason: "figures are taken every ten seconds, and the topic is younger"),
        Allowed(
            tapes: ["4.9.8/state-raw-"], codes: [45], differences: ["body offsetTable{}: empty → filled"],
            reason: "a level that delivered nothing stands at 0, which is what tools take it for when it is not there"),
        Allowed(
            tapes: ["4.9.8/dlq-read"], codes: [11], differences: ["property missing: DELAY", "property missing: WAIT"],
            reason: "the dead letter was put there by a plain send, which loses WAIT and would be delayed by DELAY"),
        Allowed(
            tapes: ["4.9.8/mqadmin-queryMsgTraceById"], codes: [12], differences: ["messages 2 → 1"],
            reason: "our topic for traces has one queue, so that the second one could not be put there"),
        Allowed(
            tapes: ["4.9.8/state-setup"], codes: [38], differences: ["code 1 → 0"],
            reason: "on the tape the request overtook the heartbeat in the broker's threads"),
        Allowed(
            tapes: ["4.9.8/state-mqadmin-printMsg-dlq"], codes: [11], differences: ["message body"],
            reason: "on the tape the dead letters overtook one another"),
    ]

    private static let five = ["5.0.0/"]

    /// What only a server of 5.x says: ours is one of 4.9.8, which their clients speak to as well.
    static let newer: [Allowed] = [
        Allowed(
            tapes: five, codes: [105, 106],
            differences: [
                "body missing: brokerDatas[].enableActingMaster", "body missing: brokerAddrTable{}.enableActingMaster",
            ], reason: "there are no acting masters"),
        Allowed(
            tapes: five, codes: [310, 320], differences: ["field missing: transactionId"],
            reason: "clients of 5.x take the unique key, which it repeats, from their own message"),
        Allowed(
            tapes: five, codes: [11, 361], differences: ["field missing: groupSysFlag", "field missing: topicSysFlag"],
            reason: "units are nothing of ours"),
        Allowed(
            tapes: five, codes: [11, 361, 39],
            differences: [
                "property missing: MSG_REGION", "property missing: TRACE_ON", "property missing: WAIT",
                "property missing: TIMER_ENQUEUE_MS", "property missing: TIMER_DEQUEUE_MS",
            ], reason: "a broker of 4.9.8 stores no such properties"),
        Allowed(
            tapes: five, codes: [351], differences: ["body missing: attributes"], reason: "topics have no attributes"),
        Allowed(
            tapes: five, codes: [201],
            differences: [
                "body missing: dataVersion.stateVersion", "body missing: forbiddenTable",
                "body missing: subscriptionGroupTable{}.consumeMessageOrderly",
                "body missing: subscriptionGroupTable{}.consumeTimeoutMinute",
                "body missing: subscriptionGroupTable{}.groupRetryPolicy",
                "body missing: subscriptionGroupTable{}.groupSysFlag",
            ], reason: "what consuming by POP needs"),
        Allowed(
            tapes: ["5.0.0/broker-register"], codes: [103], differences: ["body JSON → none"],
            reason: "no body says the same as an empty table of ordered topics"),
    ]
}
