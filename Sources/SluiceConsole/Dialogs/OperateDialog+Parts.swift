import SluiceAPI

extension OperateDialog {
    /// What taking it back costs.
    enum Reversal: Sendable {
        /// Can be taken back as it was: by what.
        case reversible(String)
        /// Its effect can be made good, not undone: with what.
        case compensable(String)
        /// Stays: why.
        case final(String)
    }

    /// What has to be typed before `y` does anything.
    enum Risk: Sendable, Equatable {
        case run
        /// The word `confirm`.
        case confirm
        /// What is concerned, as `name` of the topic: what it is called, and how it is written.
        case type(what: String, String)
    }

    /// A line of the form: text, or one of a few choices.
    struct Field: Sendable {
        var label: String
        var text = TextField()
        /// Empty for text.
        var choices: [String] = []
        var selected = 0
        /// The choices are names from outside, which are never translated.
        var areNames = false
        /// What the text means or may be, drawn behind it.
        var hint = ""

        /// False where it means nothing beside what the others say; it is not shown then.
        var isWanted: @Sendable ([Field]) -> Bool = { _ in true }

        static func text(_ label: String, _ text: String = "", hint: String = "") -> Field {
            Field(label: label, text: TextField(text), hint: hint)
        }
        static func choice(_ label: String, _ choices: [String], selected: Int = 0) -> Field {
            Field(label: label, choices: choices, selected: selected)
        }
        static func names(_ label: String, _ names: [String], selected: Int = 0) -> Field {
            Field(label: label, choices: names, selected: selected, areNames: true)
        }
        var shownChoices: [String] { areNames ? choices : choices.map { tr(key: $0) } }
        var isChoice: Bool { !choices.isEmpty }
        var value: String { isChoice ? (choices.indices.contains(selected) ? choices[selected] : "") : text.trimmed }
    }

    /// How one action ended, tried or done.
    enum Result: Sendable, Equatable {
        case done(ActionOutcome)
        case failed(APIError)
        /// Another failed before it.
        case notTried
    }
}

extension ActionOutcome {
    /// True when a sentence does not say all.
    var hasDetails: Bool { resolution != nil || !steps.isEmpty || !stored.isEmpty }
}
