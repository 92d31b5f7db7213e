import Foundation
import SluiceAPI
import SluiceClient
import Testing

@testable import SluiceScenarios

/// Scenarios that really run take the machine for themselves, one after the other.
@Suite(.serialized) enum Played {}

/// Plays on a stage with a broker of its own, on a thread that may block, and removes it all.
func onStage<T: Sendable>(
    options: ScenarioOptions = ScenarioOptions(), levels: String? = nil,
    _ play: @escaping @Sendable (ScenarioStage) throws -> T
) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try onNewStage(options, levels, play) }) }.start()
    }
}

private func onNewStage<T>(
    _ options: ScenarioOptions, _ levels: String?, _ play: (ScenarioStage) throws -> T
) throws -> T {
    // A part that was killed may be told something yet.
    signal(SIGPIPE, SIG_IGN)
    let folder = try ScratchFolder.make(in: temporaryRoot)
    defer { folder.remove() }
    let broker = try EmbeddedBroker.open(.forScenario(in: folder.path, durability: .async, levels: levels))
    defer { broker.close() }
    return try play(ScenarioStage(broker: broker, folder: folder.path, options: options))
}

/// Where folders of tests go.
var temporaryRoot: String { NSTemporaryDirectory() }

/// Asks until it is so; an error after twenty seconds.
func waitUntil(_ condition: () throws -> Bool) throws {
    let deadline = monotonicSeconds() + 20
    while try !condition() {
        guard monotonicSeconds() < deadline else { throw APIError(.failed, "it never came true") }
        usleep(2_000)
    }
}
