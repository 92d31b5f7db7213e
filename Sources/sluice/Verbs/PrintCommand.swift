import ArgumentParser

/// `sluice print …`: what a system wants to have of a program, made by the program itself.
struct PrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print", abstract: "Print shell completions, the manual page or a systemd unit.",
        subcommands: [PrintCompletions.self, PrintManual.self, PrintUnit.self])
}

struct PrintCompletions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print the completion script of a shell.",
        discussion: """
            bash: sluice print completions bash > ~/.local/share/bash-completion/completions/sluice
            zsh:  sluice print completions zsh > ~/.zsh/completion/_sluice
            fish: sluice print completions fish > ~/.config/fish/completions/sluice.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        var completion: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }
    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws { try printOut(Sluice.completionScript(for: shell.completion) + "\n") }
}

struct PrintManual: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man", abstract: "Print the manual page: sluice print man | man -l -")

    func run() throws { try printOut(try ManualPage(Sluice.self).text) }
}

struct PrintUnit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unit", abstract: "Print a systemd unit that serves a data folder.",
        discussion: "As root: sluice print unit > /etc/systemd/system/sluice.service; systemctl enable --now sluice")

    @Option(help: ArgumentHelp("Where the program is installed.", valueName: "file")) var program =
        "/usr/local/bin/sluice"
    @Option(help: ArgumentHelp("Configuration file of `sluice serve`.", valueName: "file"))
    var config = "/etc/sluice/serve.toml"

    func run() throws { try printOut(text) }

    /// The service gets a user and a state folder of its own, and nothing else to write to.
    private var text: String {
        """
        [Unit]
        Description=Sluice message broker
        Documentation=man:sluice(1)
        After=network-online.target
        Wants=network-online.target

        [Service]
        ExecStart=\(program) serve --config \(config) --data /var/lib/sluice
        ExecReload=/bin/kill -HUP $MAINPID
        DynamicUser=yes
        StateDirectory=sluice
        Restart=on-failure
        LimitNOFILE=1048576
        TimeoutStopSec=60
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        NoNewPrivileges=yes

        [Install]
        WantedBy=multi-user.target

        """
    }
}

private func printOut(_ text: String) throws(CommandFailure) {
    var output = Output()
    output.write(text)
    try output.flush()
}
