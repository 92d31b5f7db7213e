/// What a key or command does: the handler's id.
enum Operation: String, Sendable, Hashable, CaseIterable {
    case up, down, pageUp, pageDown, top, bottom, open, back
    case historyBack, historyForward, lastPlace
    case overview, topics, groups, delays, transactions, peakShaving, help
    case command, filter, pause, interval, refresh, theme, quit
    case mark, clearMarks, copyID
    case sortName, sortDepth, sortIn, sortOut, sortLag, sortBehind, sortClients
    case sortDue, sortTopic, sortAge, sortChecks, sortProducer
    case publish, replay, commit, rollback
    case zoomIn, zoomOut
    case jump, previousQueue, nextQueue, nextView, showAll
    // In dialogs and lines of text.
    case nextField, previousField, cursorLeft, cursorRight, lineStart, lineEnd
    case deleteBack, deleteForward, clearLine, toggle
    case accept, cancel, confirm, dryRun, complete, choiceUp, choiceDown
}
