import Foundation

/// Runs blocking work away from the pool of Swift's tasks.
func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try work() }) }.start()
    }
}

enum ScenarioTesting {
    /// The program beside the test bundle, where the build puts both.
    static var executable: String? {
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        let path = URL(filePath: own).deletingLastPathComponent().appending(path: "sluice").path()
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}
