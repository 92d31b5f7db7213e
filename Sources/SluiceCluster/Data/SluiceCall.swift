import Foundation
import SluiceAPI
import SluiceBroker
import SluiceRemoting

/// Sluice's own request to one of its brokers.
enum SluiceCall {
    /// Replays and looks through a whole audit take their time; what is asked at every refresh does not.
    private static func milliseconds(_ wire: WireRequest) -> Int {
        switch wire {
        case .broker, .flow: 3_000
        case .act, .question, .read: 60_000
        default: 15_000
        }
    }

    static func call(
        _ wire: WireRequest, _ broker: ClusterBroker, _ network: ClusterNetwork
    ) async throws(APIError) -> Response {
        guard let json = try? JSONEncoder().encode(wire) else {
            throw APIError(.invalid, "the request cannot be written as JSON")
        }
        let answer: Frame
        do throws(CallFailure) {
            answer = try await network.ask(
                broker.address, ExtensionFrame.request(.call, json: Array(json)), milliseconds: milliseconds(wire))
        } catch {
            var changes = false
            if case .act(_, let context) = wire { changes = !context.dryRun }
            throw error.isSent && changes ? error.error.afterSending : error.error
        }
        guard answer.code == ResponseCode.success else { throw APIError(answer, of: broker.address) }
        guard let (json, bytes) = ExtensionFrame.parts(answer.body),
            let response = try? JSONDecoder().decode(WireResponse.self, from: Data(json))
        else {
            throw APIError(
                .failed, "the answer of \(broker.address) cannot be read; is it the same version of sluice?")
        }
        return bytes.withUnsafeBytes { response.response($0) }
    }
}
