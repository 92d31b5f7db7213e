import SluiceAPI
import SluiceRemoting
import Synchronization

/// What is known of a cluster's brokers.
struct BrokerDirectory {
    /// Nil before the first answer.
    var brokers: [ClusterBroker]?
    /// Numbers by name, given once.
    private var numbers: [String: Int] = [:]
    private var kinds: [String: BrokerKind] = [:]
    /// The name server that answered last.
    var nameServer = 0
    var refreshing: Task<Result<[ClusterBroker], APIError>, Never>?

    func kind(of address: String) -> BrokerKind? { kinds[address] }

    /// Takes a list over.
    /// - Parameter kinds: by address, of those that said what they are; the others are what they were, or what most of
    ///   their kind are.
    mutating func learn(
        _ found: [BrokerRow], _ told: [String: BrokerKind]
    ) -> [ClusterBroker] {
        for (address, kind) in told { kinds[address] = kind }
        let usual = found.lazy.compactMap { [kinds] in kinds[$0.address] }.first ?? .rocketmq4
        for row in found.sorted(by: { $0.name < $1.name }) where numbers[row.name] == nil {
            numbers[row.name] = numbers.count
        }
        let list = found.map { row in
            ClusterBroker(
                index: numbers[row.name] ?? 0, name: row.name, cluster: row.cluster, address: row.address,
                kind: kinds[row.address] ?? usual)
        }.sorted { $0.index < $1.index }
        brokers = list
        return list
    }

    /// A broker's number by its name; given now where it is new (routes can be newer than the list of brokers).
    mutating func number(of name: String) -> Int {
        if let known = numbers[name] { return known }
        let number = numbers.count
        numbers[name] = number
        return number
    }
}

/// A broker as the name server lists it, by its master.
struct BrokerRow: Sendable {
    var name: String
    var cluster: String
    var address: String
}

extension ClusterNetwork {
    /// Asks a name server for the brokers, and each of them what it is.
    func look() async throws(APIError) -> [ClusterBroker] {
        let milliseconds = options.requestMilliseconds
        let answer = try await callNameServer(Frame(code: RequestCode.getBrokerClusterInfo), milliseconds: milliseconds)
        guard answer.code == ResponseCode.success else {
            let address = options.nameServers[directory.withLock { $0.nameServer }]
            throw APIError(
                .invalid,
                "\(address) is no name server: it answers with code \(answer.code), \(answer.remark ?? "without a reason")"
            )
        }
        let found = try Self.rows(answer)
        let kinds = await withTaskGroup(of: (String, BrokerKind?).self) { group in
            for row in found {
                group.addTask { [self] in (row.address, await kind(row.address, milliseconds)) }
            }
            var kinds: [String: BrokerKind] = [:]
            for await (address, kind) in group { kinds[address] = kind }
            return kinds
        }
        return directory.withLock { $0.learn(found, kinds) }
    }

    private static func rows(_ answer: Frame) throws(APIError) -> [BrokerRow] {
        let body: JSONValue?
        do throws(JSONError) {
            body = try answer.json()
        } catch {
            throw APIError(.failed, "the name server's list of brokers cannot be read: \(error)")
        }
        // A broker without a master (number 0) takes no messages and answers no administrator.
        return body?["brokerAddrTable"]?.pairs.compactMap { pair in
            guard let name = pair.key.text,
                let address = pair.value["brokerAddrs"]?.pairs.first(where: { $0.key.integer == 0 })?.value.text
            else { return nil }
            return BrokerRow(name: name, cluster: pair.value["cluster"]?.text ?? "", address: address)
        } ?? []
    }

    /// What a broker is, by its runtime information (requests, 7), or by the version in its answer where it does not give
    /// it; nil when it does not answer.
    private func kind(_ address: String, _ milliseconds: Int) async -> BrokerKind? {
        let answer: Frame
        do throws(CallFailure) {
            answer = try await ask(address, Frame(code: RequestCode.getBrokerRuntimeInfo), milliseconds: milliseconds)
        } catch {
            return nil
        }
        let table = answer.code == ResponseCode.success ? (try? answer.json())?["table"] : nil
        // 0 is one of ours that behaves like a stock broker.
        if let own = table?["sluiceProtocol"]?.text, own != "0" { return .sluice }
        let version = table?["brokerVersion"]?.integer ?? Int64(answer.version)
        return version >= Int64(WireVersion.five) ? .rocketmq5 : .rocketmq4
    }
}
