import Glibc
import SluiceAPI
import SluiceClient
import SluiceMessage

/// Publishes a message a line and prints ids in the order of the lines.
struct LinePublisher {
    let producer: Producer
    let template: Message
    let spread: Bool
    let json: Bool
    let watch: SignalWatch

    func run(_ reader: inout LineReader) throws {
        let printer = ReceiptPrinter(json: json)
        var progress = Progress()
        var failure: (any Error)?
        do {
            while let line = try reader.next() {
                var message = template
                line.fill(&message)
                if message.queue == nil && !spread { message.queue = 0 }
                guard let slot = printer.reserve() else { break }
                do throws(APIError) {
                    try producer.post(message) { printer.complete(slot, $0) }
                } catch {
                    printer.complete(slot, .failure(error))
                    break
                }
                let seconds = progress.seconds
                progress.update(
                    "\(grouped(reader.number)) messages, \(grouped(reader.bytes >> 20)) MiB, "
                        + "\(grouped(Int(Double(reader.number) / seconds)))/s")
            }
        } catch { failure = error }
        producer.flush()
        progress.finish()
        let result = printer.finish()
        producer.close()
        if let output = result.outputFailure { throw output }
        if let (number, error) = result.firstFailure {
            throw result.acknowledged > 0
                ? CommandFailure(.partlyDone, "Line \(number): \(error.message)") : CommandFailure(error)
        }
        if let failure { throw failure }
        try watch.throwIfReceived()
    }
}
