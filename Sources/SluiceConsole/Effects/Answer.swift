import SluiceAPI
import SluiceMessage

/// What a ``Query`` was answered with.
public enum Reply: Sendable, Equatable {
    case broker(BrokerStatus)
    case flow([FlowSample])
    case topics([TopicSummary])
    case topic(TopicStatus)
    case groups([GroupSummary])
    case group(GroupStatus)
    case delays(DelayPage)
    case histogram(DelayHistogram)
    case halves(HalfPage)
    case messages([StoredMessage])
    case told(OperatorAnswer)
}

/// What an ``Act`` came to.
public enum Outcome: Sendable, Equatable {
    case sent(SendReceipt)
    case acted(ActionOutcome)
}

/// What comes back from an ``Effect``.
public enum Answer: Sendable {
    case reply(Ticket, Query, Result<Reply, APIError>)
    case done(Ticket, Result<Outcome, APIError>)
    /// The theme, and what was wrong with it when a fallback was taken.
    case theme(Theme, problem: String?)
    case themes([String])
    /// The message templates that there are, and what was wrong with files that are none.
    case templates([MessageTemplate], problems: [String])
    /// A template was written, or why it was not.
    case templateSaved(name: String, problem: APIError?)
    case file(FileAnswer)
}
