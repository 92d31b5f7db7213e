import SluiceAPI
import SluiceBroker
import SluiceMessage

/// Which request comes next.
extension World {
    func request() throws(Violation) {
        switch int(0..<1_000) {
        case 0..<170: publish()
        case 170..<240: publishBatch()
        case 240..<310: publishDelayed()
        case 310..<370: publishHalf()
        case 370..<385: publishAgain()
        case 385..<450: endTransaction()
        case 450..<480: answerCheck()
        case 480..<640: try pull(waiting: chance(0.15))
        case 640..<680: try readBroadcast()
        case 680..<760: commit()
        case 760..<770: commitBackward()
        case 770..<800: sendBack()
        case 800..<815: lock()
        case 815..<820: unlock()
        case 820..<840: register()
        case 840..<846: unregister()
        case 846..<862: resolve()
        case 862..<867: recheck()
        case 867..<875: recall()
        case 875..<888: try reset()
        case 888..<896: createTopic()
        case 896..<902: changeQueues()
        case 902..<905: try deleteTopic()
        case 905..<910: updateGroup()
        case 910..<913: deleteGroup()
        case 913..<930: browse()
        case 930..<960: lookUp()
        case 960..<966: listHalves()
        case 966..<972: listDelays()
        case 972..<979: askOffsets()
        case 979..<983: askGroup()
        case 983..<996: act()
        default: forceCheckpoint()
        }
    }

    private func forceCheckpoint() {
        tally.count(RequestKind.checkpoint)
        takeCheckpoint(force: true)
    }

    /// A topic that there is, or may come to be.
    func anyTopic() -> String { pick(settings.topics) }

    /// A queue of a topic that producers may name; nil where the topic is not there or on its way out.
    func writableQueue(_ topic: String) -> Int? {
        guard let config = model.topics[topic]?.live, model.isFollowed(topic) else { return nil }
        return int(0..<config.writeQueues)
    }

    func readableQueue(_ topic: String) -> Int? {
        guard let config = model.topics[topic]?.live, model.isFollowed(topic) else { return nil }
        return int(0..<config.readQueues)
    }
}
