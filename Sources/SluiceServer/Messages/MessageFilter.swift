import SluiceMessage
import SluiceRemoting

/// What a subscription lets through: by tags, or by an SQL expression over properties.
struct MessageFilter: Sendable {
    /// Lets everything through where the expression is SQL.
    var tags: TagFilter
    var sql: SQLFilter?

    var passesAll: Bool { tags.passesAll && sql == nil }

    static func make(_ expression: String, type: String) -> Result<MessageFilter, Refusal> {
        guard type == "SQL92" else { return .success(MessageFilter(tags: TagFilter(expression), sql: nil)) }
        do throws(SQLFilterError) {
            return .success(MessageFilter(tags: .all, sql: try SQLFilter(expression)))
        } catch {
            return .failure(Refusal(ResponseCode.subscriptionParseFailed, "\(error)"))
        }
    }
}

extension SQLFilter {
    /// True when a record's properties match.
    func matches(_ view: RecordView) -> Bool {
        let properties = PropertyCoding.decode(view.properties)
        return matches { name in properties.last { $0.name == name }?.value }
    }
}
