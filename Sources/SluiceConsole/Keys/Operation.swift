/// What a key or command does: the handler's id.
enum Operation: String, Sendable, Hashable, CaseIterable {
    case up, down, pageUp, pageDown, top, bottom, open, back
    case historyBack, historyForward, lastPlace
    case overview, topics, groups, delays, transactions, deadLetters, peakShaving, scenarios, scenarioList, help
    case clients, brokers, audit, settings
    case command, filter, pause, interval, refresh, theme, language, quit
    case mark, clearMarks, copyID
    case sortName, sortDepth, sortIn, sortOut, sortLag, sortBehind, sortClients
    case sortDue, sortTopic, sortAge, sortChecks, sortProducer
    case sortGroup, sortAddress, sortLanguage, sortVersion
    case publish, replay, commit, rollback, recheck, undo
    case gate, limit, create, edit, delete, resend, resendAll, verify, older, newer
    case cancelDelay, deliverNow, reschedule, toggleReplay, cancelReplay
    case find, load, scrollBack, scrollForward, whatIf, calls, replays, follow, markAll
    case zoomIn, zoomOut
    case export, openBody
    case jump, previousQueue, nextQueue, nextView, showAll
    // In dialogs and lines of text.
    case nextField, previousField, cursorLeft, cursorRight, lineStart, lineEnd
    case deleteBack, deleteForward, clearLine, toggle
    case loadTemplate, saveTemplate, nextWhatIf
    case accept, cancel, confirm, dryRun, complete, choiceUp, choiceDown
}
