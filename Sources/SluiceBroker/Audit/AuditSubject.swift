import SluiceAPI

/// What an entry of the audit is about.
public enum AuditSubject: Sendable {
    /// The broker knows what it is about and how that stands.
    case action(OperatorAction)
    /// Something beside the broker's own state: its name as `acl_update`, what it is done to, and how that stands, in words.
    case elsewhere(name: String, target: String, state: String)

    var name: String {
        switch self {
        case .action(let action): action.auditName
        case .elsewhere(let name, _, _): name
        }
    }

    var target: String {
        switch self {
        case .action(let action): action.auditTarget
        case .elsewhere(_, let target, _): target
        }
    }
}
