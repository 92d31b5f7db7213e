import SluiceAPI
import SluiceMessage

/// Names one asking; an answer is used only while its ticket is still the one waited for.
public struct Ticket: Sendable, Hashable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// Something that changes the broker's state, or (a dry run) previews it.
public enum Act: Sendable, Equatable {
    case publish(Message)
    case publishHalf(Message, producerGroup: String)
    /// An operator's action, audited; a dry run says what it would do.
    case operate(OperatorAction, reason: String, dryRun: Bool)

    /// False for what only looks.
    public var changesState: Bool {
        switch self {
        case .operate(_, _, let dryRun): !dryRun
        default: true
        }
    }
}

/// What the model wants done outside of itself.
public enum Effect: Sendable, Equatable {
    /// Ask the broker; answered by ``Answer/reply(_:_:_:)``.
    case ask(Ticket, Query)
    /// Tell the broker which topics and groups are on the screen, so that they are counted first.
    case watch(Set<String>)
    /// Do something; answered by ``Answer/done(_:_:)``.
    case act(Ticket, Act)
    /// Load a theme by name; answered by ``Answer/theme(_:problem:)``.
    case loadTheme(String)
    /// List the themes that there are; answered by ``Answer/themes(_:)``.
    case listThemes
    /// List the message templates; answered by ``Answer/templates(_:problems:)``.
    case loadTemplates
    /// Write a template to its file; answered by ``Answer/templateSaved(name:problem:)``. One that exists is only written
    /// over when that is said.
    case saveTemplate(MessageTemplate, overwrites: Bool)
    /// Do something with files of this machine; answered by ``Answer/file(_:)``.
    case file(FileEffect)
    /// For the driver: show a body in the user's editor or pager.
    case openBody([UInt8], suffix: String)
    /// For the driver: stop the process as ^Z does.
    case suspend
    /// For the driver: put this into the clipboard (OSC 52).
    case copy(String)
    /// For the driver: ring.
    case bell
    /// For the driver: a key that the running scenario declared was pressed.
    case scenarioKey(Character)
    /// For the driver: play this scenario, in place of the running one.
    case startScenario(String)
    /// For the driver: leave.
    case quit
}
