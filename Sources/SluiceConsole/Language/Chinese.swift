/// The Chinese texts of the interface, by their English ones.
///
/// A new text goes into the table of its area: `tr("\(count) of \(all)")` as "{1} of {2}", the noun of a
/// `Format.plural` as "{1} message". LanguageTests names the texts that are missing and those that nobody says any more.
enum Chinese {
    static let parts: [[String: String]] = [
        words, tables, keys, dialogs1, dialogs2, model, screens1, screens2, features, scenarios,
    ]

    /// All texts. "{1}", "{2}" stand where the values of the English text go.
    static let texts: [String: String] = parts.reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }
}
