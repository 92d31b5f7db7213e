import SluiceAPI
import SluiceMessage
import SluiceRemoting
import Testing

@testable import SluiceCluster

/// What stock brokers answer about queues that they do not have.
@Suite struct StockQueueTests {
    private struct Answers: ClusterCalls {
        var units: Frame

        func brokers(refresh: Bool) async throws(APIError) -> [ClusterBroker] { [] }
        func callNameServer(_ request: Frame, milliseconds: Int) async throws(APIError) -> Frame { units }
        func call(_ broker: ClusterBroker, _ request: Frame, milliseconds: Int) async throws(APIError) -> Frame {
            guard request.code == RequestCode.pullMessage else { return units }
            return Frame(code: ResponseCode.topicNotExist, flag: 1, remark: "the topic not exist, apply first please!")
        }
    }

    private static func broker(_ remark: String) -> StockBroker {
        StockBroker(
            calls: Answers(units: Frame(code: ResponseCode.systemError, flag: 1, remark: remark)),
            node: ClusterBroker(
                index: 0, name: "broker-a", cluster: "c", address: "127.0.0.1:1", kind: .rocketmq4))
    }

    @Test func aQueueWithoutUnitsIsEmpty() async throws {
        let look = try await Self.broker("0@%DLQ%g is not exist!").look("%DLQ%g", 0, from: 0)
        #expect(look.messages.isEmpty && look.next == 0 && look.end == 0)
    }

    @Test func anotherFailureIsTold() async {
        let error = await #expect(throws: APIError.self) {
            try await Self.broker("java.lang.NullPointerException").look("%DLQ%g", 0, from: 0)
        }
        #expect(error?.message.contains("NullPointerException") == true)
    }
}
