import Foundation
import SluiceAPI
import SluiceMessage
import SluiceStorage

/// ``ServerPush`` as it is sent; a half message goes behind it as a record.
public enum WirePush: Codable, Sendable {
    case membersChanged(group: String)
    case checkTransaction(queueOffset: Int64)
    case offsetsReset(group: String, topic: String, queues: [QueueID], offsets: [Int64])

    /// JSON and record; nil when it cannot be encoded.
    public static func encode(_ push: ServerPush) -> (json: [UInt8], bytes: [UInt8])? {
        let wire: WirePush
        var bytes: [UInt8] = []
        switch push {
        case .membersChanged(let group): wire = .membersChanged(group: group)
        case .checkTransaction(let half, let queueOffset):
            wire = .checkTransaction(queueOffset: queueOffset)
            bytes = half.record()
        case .offsetsReset(let group, let topic, let offsets):
            let sorted = offsets.sorted { $0.key < $1.key }
            wire = .offsetsReset(group: group, topic: topic, queues: sorted.map(\.key), offsets: sorted.map(\.value))
        }
        return (try? JSONEncoder().encode(wire)).map { (Array($0), bytes) }
    }

    /// Nil for what this version does not know.
    public static func decode(_ json: ArraySlice<UInt8>, _ bytes: ArraySlice<UInt8>) -> ServerPush? {
        switch try? JSONDecoder().decode(WirePush.self, from: Data(json)) {
        case .membersChanged(let group): return .membersChanged(group: group)
        case .checkTransaction(let queueOffset):
            let half = Array(bytes).withUnsafeBytes { RecordView($0)?.message() }
            return half.map { .checkTransaction(half: $0, queueOffset: queueOffset) }
        case .offsetsReset(let group, let topic, let queues, let offsets):
            guard queues.count == offsets.count else { return nil }
            let table = Dictionary(zip(queues, offsets)) { $1 }
            return .offsetsReset(group: group, topic: topic, offsets: table)
        case nil: return nil
        }
    }
}
