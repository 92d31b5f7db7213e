import ArgumentParser

/// `sluice demo …`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Watch what a message queue is for.", subcommands: [PeakShavingDemo.self])
}
