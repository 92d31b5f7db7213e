import ArgumentParser
import SluiceAPI

/// A queue's number for people. Where there are several brokers, those of all but the first are written `BROKER:QUEUE`,
/// with the broker's number as the brokers screen counts them.
func queueText(_ number: Int) -> String {
    let (broker, queue) = (ClusterQueue.broker(number), ClusterQueue.queue(number))
    return broker == 0 ? "\(queue)" : "\(broker):\(queue)"
}

/// A queue as ``queueText(_:)`` writes it; nil where it is none.
func queueNumber(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    switch (parts.count, parts.first ?? nil, parts.last ?? nil) {
    case (1, let queue?, _) where (0...0xffff).contains(queue): return queue
    case (2, let broker?, let queue?) where (0...0xffff).contains(broker) && (0...0xffff).contains(queue):
        return ClusterQueue.number(broker: broker, queue: queue)
    default: return nil
    }
}

/// A queue on the command line.
struct QueueArgument: ExpressibleByArgument {
    var number: Int

    init?(argument: String) {
        guard let number = queueNumber(argument) else { return nil }
        self.number = number
    }
}

/// A total of a cluster: `12+` where a broker that does not answer might add to it, `?` where nobody else has any or nobody
/// was asked yet.
func total(_ value: Int64, _ coverage: Coverage?) -> String {
    guard value >= 0 else { return "?" }
    guard coverage?.isPartial == true else { return grouped(value) }
    return value == 0 ? "?" : grouped(value) + "+"
}

/// What a list leaves out, as a last line; empty where it is the whole.
func leftOut(_ note: String?, _ coverage: Coverage?) -> String {
    if let note { return "\(note)\n" }
    guard let silent = coverage?.without, !silent.isEmpty else { return "" }
    return "\(silent.joined(separator: ", ")) \(silent.count == 1 ? "does" : "do") not answer\n"
}

extension Output {
    /// Says what a list leaves out: behind a table, and of JSON Lines on stderr, so that somebody hears that they are not
    /// all.
    mutating func tellLeftOut(_ note: String?, _ coverage: Coverage?, json: Bool) {
        let text = leftOut(note, coverage)
        guard !text.isEmpty else { return }
        if json { say(String(text.dropLast())) } else { write(text) }
    }
}

extension JSONObject {
    /// `without`: names of the brokers that a cluster's figures do not count; nothing of a broker that is alone.
    mutating func add(_ coverage: Coverage?) {
        if let coverage { add("without", coverage.without) }
    }

    /// A figure that is null where it is not known.
    mutating func addKnown(_ name: String, _ value: Int64) { add(name, value < 0 ? nil : value) }
}
