import SluiceAPI
import SluiceMessage

/// The kinds of dialogs, for the key table.
enum DialogKind: String, Sendable, Hashable, CaseIterable {
    case publish, reset, replay, range, resolve, operate, whatIf, find, chooser, jump, leave
}

/// The dialog that is open.
enum Dialog: Sendable {
    case publish(PublishForm)
    case reset(ResetDialog)
    case replay(ReplayDialog)
    case range(RangeDialog)
    case resolve(ResolveDialog)
    case operate(OperateDialog)
    case whatIf(WhatIfDialog)
    case find(FindDialog)
    case chooser(Chooser)
    case jump(JumpDialog)

    var kind: DialogKind {
        switch self {
        case .publish: .publish
        case .reset: .reset
        case .replay: .replay
        case .range: .range
        case .resolve: .resolve
        case .operate: .operate
        case .whatIf: .whatIf
        case .find: .find
        case .chooser: .chooser
        case .jump: .jump
        }
    }

    /// True while characters go into a field.
    var isTyping: Bool {
        switch self {
        case .publish(let form): form.field != nil
        case .reset(let dialog): dialog.isTyping
        case .replay(let dialog): dialog.isTyping
        case .range(let dialog): dialog.isTyping
        case .resolve(let dialog): dialog.isTyping
        case .operate(let dialog): dialog.isTyping
        case .whatIf(let dialog): dialog.isTyping
        case .chooser: false
        case .jump, .find: true
        }
    }
}

/// What a dialog wants from the model around it.
enum DialogRequest: Sendable {
    case close
    case act(Act)
    case ask(Query)
    /// Close and say so.
    case finish(String, Notice.Kind)
    case bell
    case choose(String)
    case jump(Int64)
    /// Something of the driver's or the templates'.
    case effect(Effect)
    case go(Location)
    /// Was published: kept for the form's history.
    case published(MessageTemplate)
    case keepWhatIf(String, WhatIf)
    /// Delays by topic and key.
    case find(topic: String?, key: String?)
}

/// What a dialog may know of the world.
struct DialogContext: Sendable {
    var moments: Moments
    var groupNames: [String]
    var readOnly: Bool
}
