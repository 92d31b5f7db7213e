import SluiceAPI

/// A broker's answer that is kept for a while, asked for once however many want it, and seldom where it is heavy.
actor Kept<Value: Sendable> {
    private var value: Value?
    private var askedAt: Int64 = .min / 2
    /// Milliseconds for which the value is good.
    private var lifetime: Int64
    private let shortest: Int64
    private var flight: Task<Result<(Value, Int), APIError>, Never>?
    /// Why the newest try failed; nil when it did not.
    private(set) var failure: APIError?

    /// Bytes a second that this kind of answer of one broker may cost at rest.
    private let bytesPerSecond: Int64

    /// `shortest`: milliseconds for which even a small answer is good.
    init(shortest: Int64 = 900, bytesPerSecond: Int64 = 15_000) {
        self.shortest = shortest
        self.bytesPerSecond = bytesPerSecond
        lifetime = shortest
    }

    /// Size of the newest answer in bytes.
    private(set) var bytes = 0

    /// The value, newly asked for where the one kept is too old. After a failure the last value stands in.
    /// - Parameter fresh: asks in any case.
    func get(
        now: Int64, fresh: Bool = false, _ load: @escaping @Sendable () async throws(APIError) -> (Value, Int)
    ) async throws(APIError) -> Value {
        if !fresh, now - askedAt < lifetime, let value { return value }
        if !fresh, now - askedAt < shortest, let failure { throw failure }
        let task: Task<Result<(Value, Int), APIError>, Never>
        if let flight, !fresh {
            task = flight
        } else {
            task = Task {
                do throws(APIError) { return .success(try await load()) } catch { return .failure(error) }
            }
            flight = task
            askedAt = now
        }
        let result = await task.value
        // One that was overtaken by a newer question, or forgotten meanwhile, may be older than what is known.
        let isNewest = flight == task
        if isNewest { flight = nil }
        switch result {
        case .success(let (new, size)):
            guard isNewest else { return new }
            value = new
            bytes = size
            failure = nil
            lifetime = max(shortest, Int64(size) * 1_000 / bytesPerSecond)
            return new
        case .failure(let error):
            if isNewest { (failure, lifetime) = (error, shortest) }
            if !fresh, let value { return value }
            throw error
        }
    }

    /// What was asked for last, however old.
    var last: Value? { value }

    /// The next to ask gets a new answer, and none that is under way.
    func forget() { (askedAt, flight) = (.min / 2, nil) }
}

/// Answers by name of which there are too many to ask for all the time: what somebody looks at comes first, then those never
/// seen, then the oldest, as far as an allowance of bytes reaches.
actor Rotation<Value: Sendable> {
    private struct Entry {
        var value: Value
        var time: Int64
    }
    private var entries: [String: Entry] = [:]
    private var allowance: Int64 = 0
    private var filledAt: Int64 = 0
    private var isSweeping = false

    private static var inFlight: Int { 64 }
    private static var bytesPerSecond: Int64 { 8_000 }
    /// Bytes of a request and an answer beside its body.
    private static var overhead: Int64 { 300 }
    /// Milliseconds that a sweep keeps its asker waiting; it goes on behind him.
    private static var patience: Int64 { 600 }

    /// What is known of these names, after as much asking as there is allowance for.
    ///
    /// - Parameter first: those that somebody looks at.
    func look(
        _ names: [String], first: Set<String> = [], now: Int64,
        _ load: @escaping @Sendable (String) async throws(APIError) -> (Value, Int)
    ) async -> [String: Value] {
        if !isSweeping {
            let wanted = Set(names)
            entries = entries.filter { wanted.contains($0.key) }
            if now > filledAt {
                allowance = min(
                    allowance + (now - min(filledAt, now)) * Self.bytesPerSecond / 1_000, 3 * Self.bytesPerSecond)
                filledAt = now
            }
            isSweeping = true
            let queue = due(names, first, now)
            let sweep = Task { await self.sweep(queue, first, now, load) }
            await Self.wait(for: sweep)
        }
        return entries.mapValues(\.value)
    }

    /// One name's value, asked for now.
    func fresh(
        _ name: String, now: Int64, _ load: @escaping @Sendable (String) async throws(APIError) -> (Value, Int)
    ) async throws(APIError) -> Value {
        let (value, _) = try await load(name)
        keep(name, value, now)
        return value
    }

    /// An older answer does not replace a newer one.
    private func keep(_ name: String, _ value: Value, _ now: Int64) {
        if (entries[name]?.time ?? .min) <= now { entries[name] = Entry(value: value, time: now) }
    }

    /// The names to ask for, in their order.
    private func due(_ names: [String], _ first: Set<String>, _ now: Int64) -> [String] {
        func isOld(_ name: String) -> Bool { entries[name].map { now - $0.time >= 900 } ?? false }
        let seen = names.filter { first.contains($0) && (entries[$0] == nil || isOld($0)) }
        let unseen = names.filter { entries[$0] == nil && !first.contains($0) }
        let old = names.filter { isOld($0) && !first.contains($0) }
            .sorted { (entries[$0]?.time ?? 0) < (entries[$1]?.time ?? 0) }
        return seen + unseen + old
    }

    private func sweep(
        _ queue: [String], _ first: Set<String>, _ now: Int64,
        _ load: @escaping @Sendable (String) async throws(APIError) -> (Value, Int)
    ) async {
        // What is looked at, and what was never seen, is asked for at any cost.
        let free = queue.prefix { first.contains($0) || entries[$0] == nil }.count
        await withTaskGroup(of: (String, Result<(Value, Int), APIError>).self) { group in
            var next = 0
            var failures = 0
            func start() {
                let mayAsk = allowance > 0
                // A broker that does not answer is left alone.
                guard next < queue.count, failures < 8, next < free || mayAsk else { return }
                let name = queue[next]
                next += 1
                group.addTask {
                    // Not in a tuple around the call that throws: optimised builds lose values there (Swift 6.3).
                    let result: Result<(Value, Int), APIError>
                    do throws(APIError) { result = .success(try await load(name)) } catch { result = .failure(error) }
                    return (name, result)
                }
            }
            for _ in 0..<Self.inFlight { start() }
            while let (name, result) = await group.next() {
                var cost = Self.overhead
                switch result {
                case .success(let (value, bytes)):
                    keep(name, value, now)
                    cost += Int64(bytes)
                case .failure: failures += 1
                }
                // However much is on the screen, the rest takes its turns.
                if !first.contains(name) { allowance -= cost }
                start()
            }
        }
        // The first round may cost what it costs; it is not to be paid back for minutes.
        allowance = max(allowance, -20_000)
        isSweeping = false
    }

    /// Waits for a task, but not for ever.
    private static func wait(for sweep: Task<Void, Never>) async {
        let gate = AsyncStream<Void>.makeStream()
        let first = Task {
            await sweep.value
            gate.continuation.finish()
        }
        let second = Task {
            try? await Task.sleep(for: .milliseconds(patience))
            gate.continuation.finish()
        }
        for await _ in gate.stream {}
        second.cancel()
        _ = first
    }
}
