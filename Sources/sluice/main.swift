import ArgumentParser
import Glibc

// A reader that goes away is an error of the write, told apart from others there; never a signal.
signal(SIGPIPE, SIG_IGN)
// Hour names and digits stay as documented; the terminal needs the character set of the user's locale.
setlocale(LC_CTYPE, "")

do {
    var command = try Sluice.parseAsRoot()
    try command.run()
} catch {
    exit(report(error))
}
