extension TapeDifferences {
    /// What is to be done.
    static let open: [Allowed] = [
        Allowed(
            tapes: ["4.9.8/mqadmin-queryCq", "4.9.8/state-raw-trans-before", "4.9.8/state-raw-trans-after"],
            codes: [321],
            differences: ["body missing: filterData"], reason: "a group was named", isOpen: true),
    ]
}
