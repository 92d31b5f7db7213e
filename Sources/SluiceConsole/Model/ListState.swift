/// What rows can be ordered by.
enum SortKey: String, Sendable, Hashable {
    case name, depth, inRate, outRate, lag, behind, clients, due, topic, age, checks, producerGroup, queue
    case group, address, language, version

    /// How the sort is spoken of.
    var label: String {
        switch self {
        case .inRate: "in/s"
        case .outRate: "out/s"
        case .producerGroup: "producer group"
        default: rawValue
        }
    }
    /// Text and moments start with the smallest, amounts with the largest.
    var startsDescending: Bool {
        switch self {
        case .name, .topic, .due, .producerGroup, .queue, .group, .address, .language: false
        default: true
        }
    }
}

/// Selection, scroll, sort, filter and marks of one list. Rows are known by an id, so that the selection stays on its
/// row when others come and go.
struct ListState: Sendable {
    var selected = 0
    var selectedID: String?
    var top = 0
    var sort: SortKey?
    var descending = false
    var filter: Filter?
    var marks: Set<String> = []
    /// True once somebody chose a row: until then the selection stays at the top, whatever comes in there.
    var isChosen = false

    /// Brings selection and scroll back into what there is. `page` is the number of rows shown.
    mutating func settle(count: Int, page: Int) {
        selected = max(0, min(selected, count - 1))
        let page = max(1, page)
        if selected < top { top = selected }
        if selected >= top + page { top = selected - page + 1 }
        top = max(0, min(top, max(0, count - page)))
    }
}
