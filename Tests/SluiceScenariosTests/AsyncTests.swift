import SluiceAPI
import Testing

@testable import SluiceScenarios

extension Played {
    /// Registration over HTTP with its SMS queued.
    @Suite struct AsyncTests {
        private static let options = ScenarioOptions(seconds: 3, slowness: 0.05)

        private static func play(
            faults: [TimedFault] = [], settle: Double = 20,
            drops: @escaping @Sendable (SMSTask) -> Bool = { _ in false }
        ) async throws -> ScenarioReport {
            let report = try await onStage(options: options, levels: "1s 1s 1s 1s 1s 1s 1s") { stage in
                let scenario = try AsyncRegistration(stage, drops: drops)
                defer { scenario.close() }
                return try ScenarioRun(seconds: 3, faults: faults, settleSeconds: settle).run(scenario)
            }
            return try #require(report)
        }

        @Test func aBrokenGatewayIsNotNoticed() async throws {
            let report = try await Self.play(faults: [TimedFault("break", seconds: 0.5)])
            // How long it takes beside other tests is not judged.
            #expect(report.failed.filter { !$0.hasPrefix("p") }.isEmpty)
            #expect(report.checks.contains { $0.name == "p50_in_trouble_by_all" })
        }

        @Test func aDroppedTaskIsFoundOut() async throws {
            let report = try await Self.play(settle: 2) { $0.user % 20 == 3 }
            #expect(report.failed.contains("lost"))
        }

        @Test func theGatewayChangesItsInterface() throws {
            let gateway = try SMSGateway(slowness: 0.001)
            defer { gateway.stop() }
            let first = SMSAdapter(interface: .first, port: gateway.port, timeout: 2)
            let second = SMSAdapter(interface: .second, port: gateway.port, timeout: 2)
            /// One of twenty fails by itself: asked ten times, one of them goes through.
            func sends(_ adapter: SMSAdapter, _ id: String, phone: String = "131") -> Bool {
                (0..<10).contains { _ in adapter.send(id: id, phone: phone, text: "x") }
            }
            #expect(sends(first, "a"))
            #expect(!sends(second, "b"))
            gateway.changeInterface()
            #expect(!sends(first, "c"))
            #expect(sends(second, "d"))
            #expect(!sends(second, "e", phone: "021"))
            gateway.breakDown(true)
            #expect(!sends(second, "f"))
            #expect(gateway.sentCount == 2)
            gateway.stop()
            #expect(!second.send(id: "g", phone: "131", text: "x"))
        }

        @Test func bodiesOfOthersAreNoTasks() {
            #expect(SMSTask(body: Array("12 1300".utf8)) == SMSTask(user: 12, phone: "1300"))
            for text in ["", "12", "x 13", "12 13 14", "999999999999999999999 1"] {
                #expect(SMSTask(body: Array(text.utf8)) == nil)
            }
        }
    }
}
