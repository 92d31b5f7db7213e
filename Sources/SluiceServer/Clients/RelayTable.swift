import SluiceRemoting

/// Requests that the broker sent to clients, and who waits for their answers. Confined to the event loop.
final class RelayTable {
    private struct Waiting {
        var connection: RemotingConnection
        var answer: (Frame?) -> Void
    }
    private var waiting: [Int32: Waiting] = [:]
    private var opaque: Int32 = 0

    func nextOpaque() -> Int32 {
        opaque &+= 1
        return opaque
    }

    /// Sends a request to a client; `answer` is called once: with its response, or nil when there is none in time.
    func send(_ frame: Frame, over connection: RemotingConnection, answer: @escaping (Frame?) -> Void) -> Int32 {
        var frame = frame
        frame.opaque = nextOpaque()
        waiting[frame.opaque] = Waiting(connection: connection, answer: answer)
        connection.send(frame)
        return frame.opaque
    }

    func answered(_ frame: Frame, over connection: RemotingConnection) {
        guard let entry = waiting[frame.opaque], entry.connection === connection else { return }
        waiting[frame.opaque] = nil
        entry.answer(frame)
    }

    func timedOut(_ opaque: Int32) { waiting.removeValue(forKey: opaque)?.answer(nil) }

    func closed(_ connection: RemotingConnection) {
        for (opaque, entry) in waiting where entry.connection === connection {
            waiting[opaque] = nil
            entry.answer(nil)
        }
    }
}
