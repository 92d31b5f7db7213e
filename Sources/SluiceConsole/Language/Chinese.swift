/// The Chinese texts of the interface, by their English ones.
enum Chinese {
    /// All texts. "{1}", "{2}" stand where the values of the English text go.
    static let texts: [String: String] = [:]
}
