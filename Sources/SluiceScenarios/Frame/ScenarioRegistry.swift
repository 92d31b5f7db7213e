/// All scenarios there are, in the order in which they are best looked at.
public enum ScenarioRegistry {
    public static let all: [any Scenario.Type] = [
        AsyncRegistration.self, PeakShaving.self, ServiceBus.self, DelayScenario.self, Broadcast.self,
        TransactionScenario.self, HubScenario.self,
    ]

    public static func find(_ name: String) -> (any Scenario.Type)? { all.first { $0.about.name == name } }
}
