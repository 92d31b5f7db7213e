import SluiceRemoting

public struct AccessPolicy: Sendable {
    public func refusal(_ header: HeaderReader, body: UnsafeRawBufferPointer, remoteAddress: String) -> String? { nil }
}
extension Call {
    func access() async throws(Refusal) -> Frame? { nil }
}
