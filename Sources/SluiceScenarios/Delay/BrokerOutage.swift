import Foundation
import SluiceAPI
import SluiceClient

/// Orders whose broker is killed before they are due and started again after it: a broker process of their own, on a
/// folder of their own.
struct BrokerOutage {
    var orders = 100
    /// Milliseconds from the first order to the moment at which all are due, within half a second. What has not been
    /// ordered a second before that is not ordered any more: the kill has to come first.
    var window: Int64 = 4_000
    /// Seconds that the restarted broker has to settle all.
    var patience = 20.0

    /// - Parameters:
    ///   - folder: an empty or missing folder for broker and book.
    ///   - onStep: told in words what goes on.
    func run(executable: String, folder: String, onStep: (String) -> Void) throws -> OutageTotals {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let book = try UnpaidOrderBook(path: folder + "/orders.sqlite")
        defer { try? book.close() }
        let desk = OrderDesk(book: book)
        onStep("a broker process starts")
        let broker = try BrokerProcess(executable: executable, dataFolder: folder + "/broker", durability: .sync)
        defer { broker.stop() }
        let lastDue = try placeAll(desk, broker)
        let killed = monotonicSeconds()
        let overdue = try book.totals(at: 0).open
        onStep("\(overdue) orders wait; the broker was killed before they are due")
        onStep("nobody serves them, their time passes")
        sleep(untilMonotonic: killed + max(0.2, Double(lastDue - wallMilliseconds()) / 1000 + 0.3))
        onStep("\(overdue) are overdue; the broker starts again")
        return try restart(broker, desk, overdue: overdue, killed: killed)
    }

    /// Takes the orders. Returns when the last of them is due, epoch ms.
    private func placeAll(_ desk: OrderDesk, _ broker: BrokerProcess) throws -> Int64 {
        let access = try broker.attach()
        try desk.connect(access)
        let due = wallMilliseconds() + window
        for number in 0..<Int64(orders) {
            let left = due - wallMilliseconds()
            guard left > 1_000 || number == 0 else { break }
            try desk.place(.exact(left + number * 500 / Int64(orders)))
        }
        let lastDue = try desk.book.open(limit: orders).last?.due ?? wallMilliseconds()
        broker.kill()
        desk.disconnect()
        access.close()
        return lastDue
    }

    private func restart(
        _ broker: BrokerProcess, _ desk: OrderDesk, overdue: Int, killed: Double
    ) throws -> OutageTotals {
        let restarted = monotonicSeconds()
        try broker.start()
        let access = try broker.attach()
        defer { access.close() }
        try desk.connect(access)
        defer { desk.disconnect() }
        let isSettled = try waits(seconds: patience) { try desk.book.open(limit: 1).isEmpty }
        let seconds = monotonicSeconds() - restarted
        return OutageTotals(
            totals: try desk.book.totals(at: wallMilliseconds()), overdue: overdue, downSeconds: restarted - killed,
            settleSeconds: isSettled ? seconds : .nan)
    }
}
