import ArgumentParser

/// The root command: the console, and every verb below it.
struct Sluice: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A message broker in one program, and the console to watch and operate it.",
        discussion: """
            Without a verb it opens the console on the embedded broker of the data folder.

            Exit status: 0 done, 1 failed, 2 partly done, 3 not found, 4 conflict (resolved or created meanwhile), \
            5 unreachable, 6 refused (another process owns the folder, not our folder, unconfirmed, disk full), \
            10 and 11 watched and over a warning or critical threshold, 64 wrong usage, 130 and 143 ended by a signal, 141 the reader of the output went away.

            Times are given as RFC 3339, HH:MM[:SS] in local time, +90s or -5m from now, or epoch milliseconds; \
            durations as 90s, 1m30s, 500ms, 2h, 1d. JSON gives a time twice: in milliseconds (name_ms) and as RFC 3339.
            """,
        version: "0.1.0",
        subcommands: [
            ConsoleCommand.self, DemoCommand.self, TopicCommand.self, PublishCommand.self, ConsumeCommand.self,
            ServeCommand.self, GroupCommand.self, DelayCommand.self, TransactionCommand.self, ReplayCommand.self,
            DeadLetterCommand.self, GateCommand.self, MessageCommand.self, AuditCommand.self, BenchCommand.self,
            SimulateCommand.self, SnapshotCommand.self, WatchCommand.self, ThemeCommand.self, PrintCommand.self,
            DemoPartCommand.self,
        ],
        defaultSubcommand: ConsoleCommand.self)
}
