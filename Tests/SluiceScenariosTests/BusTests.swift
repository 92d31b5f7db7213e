import SluiceAPI
import Testing

@testable import SluiceScenarios

extension Played {
    /// The lottery's services over the bus, here on threads of one process.
    @Suite struct BusTests {
        private static func play(lying: Bool = false, faults: [TimedFault] = []) async throws -> ScenarioReport {
            let report = try await onStage { stage in
                let scenario = try ServiceBus(stage, lying: lying)
                defer { scenario.close() }
                return try ScenarioRun(seconds: 3, faults: faults, settleSeconds: 20).run(scenario)
            }
            return try #require(report)
        }

        @Test func servicesComeAndGo() async throws {
            let report = try await Self.play(faults: [
                TimedFault("kill-ticketing", seconds: 0.5), TimedFault("kill-splitter", seconds: 0.7),
                TimedFault("kill-dispatch", seconds: 0.9), TimedFault("add-mailer", seconds: 1),
            ])
            #expect(report.failed.isEmpty)
        }

        @Test func aLyingGatewayIsFoundOut() async throws {
            let report = try await Self.play(lying: true)
            #expect(report.failed == ["tickets_issued_twice"])
        }

        @Test func aDropIsFoundOut() throws {
            let folder = try ScratchFolder.make(in: temporaryRoot)
            defer { folder.remove() }
            let table = try OrderTable(path: folder.path + "/dispatch.sqlite")
            let terminal = try TicketTerminal(path: folder.path + "/terminal.sqlite", isLying: false)
            // Order 1 goes its whole way, of order 2 a ticket is missing, order 3 was never placed, order 4 was dropped.
            for order in 1...3 {
                let placed = LotteryEvent(kind: .placed, order: order, bets: 2)
                #expect(try table.take([placed]) == [placed.next(.accepted)])
                for bet in 1...(order == 2 ? 1 : 2) {
                    let wanted = placed.next(.wanted, bet: bet)
                    let number = try terminal.issue([wanted])[0]
                    #expect(try terminal.issue([wanted])[0] == number)
                    _ = try table.take([wanted.next(.issued, bet: bet, value: number)])
                }
            }
            let won = (1...2).reduce(0) { $0 + LotteryEvent.prize(of: LotteryEvent.number(order: 1, bet: $1)) }
            _ = try table.take([LotteryEvent(kind: .drawn, order: 1, bets: 2, value: won)])
            // A prize that is wrong, and an order closed without its ticket.
            _ = try table.take([LotteryEvent(kind: .drawn, order: 2, bets: 2, value: 1)])
            let found = try BusAudit(folder: folder.path).findings(placed: [1, 2, 4])
            #expect(found.settled == 2 && found.missing == 1 && found.unknown == 1)
            #expect(found.untold == 1 && found.wrong == 1 && found.twice == 0 && found.letters == 0)
        }

        @Test func anEventTwiceHasOneAnswer() throws {
            let folder = try ScratchFolder.make(in: temporaryRoot)
            defer { folder.remove() }
            let table = try OrderTable(path: folder.path + "/dispatch.sqlite")
            let placed = LotteryEvent(kind: .placed, order: 5, bets: 1)
            let issued = placed.next(.issued, bet: 1, value: 3)
            #expect(try table.take([placed, placed]) == [placed.next(.accepted), placed.next(.accepted)])
            #expect(try table.take([issued, issued]) == [issued.next(.ticketed), issued.next(.ticketed)])
        }
    }
}
