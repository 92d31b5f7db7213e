import SluiceAPI
import SluiceMessage
import SluiceStorage

/// What operators do and ask by hand: one way in, so that each action is audited and can be tried without effect.
extension Broker {
    func act(_ action: OperatorAction, _ context: ActionContext, _ reply: @escaping Reply) throws(APIError) {
        try perform(action, context, reply)
    }

    private func perform(
        _ action: OperatorAction, _ context: ActionContext, _ reply: @escaping Reply
    ) throws(APIError) {
        throw APIError(.failed, "this broker cannot do that")
    }

    func answer(_ question: OperatorQuestion) throws(APIError) -> OperatorAnswer {
        throw APIError(.failed, "this broker cannot answer that")
    }
}
