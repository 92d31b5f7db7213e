import SluiceAPI
import SluiceMessage

/// The kinds of dialogs, for the key table.
enum DialogKind: String, Sendable, Hashable, CaseIterable {
    case publish, operate, whatIf, find, chooser, jump, leave
}

/// The dialog that is open.
enum Dialog: Sendable {
    case publish(PublishForm)
    case operate(OperateDialog)
    case whatIf(WhatIfDialog)
    case find(FindDialog)
    case chooser(Chooser)
    case jump(JumpDialog)

    var kind: DialogKind {
        switch self {
        case .publish: .publish
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
}
