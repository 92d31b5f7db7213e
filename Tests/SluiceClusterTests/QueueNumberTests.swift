import SluiceAPI
import Testing

@Suite struct QueueNumberTests {
    @Test(arguments: [(0, 0), (0, 1_023), (1, 0), (7, 65_535)])
    func brokerAndQueueComeBack(broker: Int, queue: Int) {
        let number = ClusterQueue.number(broker: broker, queue: queue)
        #expect(ClusterQueue.broker(number) == broker)
        #expect(ClusterQueue.queue(number) == queue)
    }
}
