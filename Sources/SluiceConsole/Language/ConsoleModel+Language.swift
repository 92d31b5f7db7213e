// MARK: The language
extension ConsoleModel {
    /// What `:language` takes.
    static let languageNames = ["auto"] + Language.allCases.map(\.rawValue)

    /// Speaks another language from now on: also in what is open and listed.
    mutating func speak(_ language: Language) {
        settings.language = language
        bodySource = nil
        Language.$current.withValue(language) {
            arrange()
            say(tr("The console speaks English."), .good, for: 4000)
        }
    }

    /// Speaks what a name says; the next language without one.
    mutating func speak(_ name: String?) {
        guard let name else { return speak(settings.language.next) }
        if name == "auto" { return speak(settings.localeLanguage) }
        guard let language = Language(rawValue: name) else {
            return say(tr("A language is zh, en or auto."), .bad)
        }
        speak(language)
    }
}
