import Foundation
import SluiceAPI
import SluiceBroker
import SluiceRemoting

/// Sluice's own request to one of its brokers.
enum SluiceCall {
    /// Replays and looks through a whole audit take their time.
    private static let milliseconds = 60_000

    static func call(
        _ wire: WireRequest, _ broker: ClusterBroker, _ network: ClusterNetwork
    ) async throws(APIError) -> Response {
        guard let json = try? JSONEncoder().encode(wire) else {
            throw APIError(.invalid, "the request cannot be written as JSON")
        }
        let answer = try await network.call(
            broker, ExtensionFrame.request(.call, json: Array(json)), milliseconds: milliseconds)
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
