import Glibc
import SluiceAPI
import SluiceClient

// Publishes under load until somebody kills it, and prints what was acknowledged, a line each, as it comes:
//
//     A <token> <id> <physical offset>      stored in its queue
//     D <token> <id> near|far               delayed, by less than a second or by an hour
//     H <token> <id> <commit|rollback|unknown>  a half message, and how its transaction is about to end
//     E <token>                             its end was acknowledged
//     O <offset>                            a consumer group's offset on queue 0 of topic load
//
// A token is `<round>.<publisher>.<sequence>`; it starts the body, so that attempts without an acknowledgement can be
// told apart too.
let arguments = CommandLine.arguments
guard arguments.count == 5, let durability = Durability(rawValue: arguments[2]), let round = Int(arguments[3]),
    let seed = UInt64(arguments[4])
else {
    print("usage: sluice-killee FOLDER sync|async ROUND SEED")
    exit(64)
}
// Nobody should find it running because a checker went away.
alarm(120)

do throws(APIError) {
    let broker = try EmbeddedBroker.open(
        EmbeddedOptions(
            dataFolder: arguments[1], durability: durability, segmentBytes: 8 << 20,
            checkpointBytes: (1 + Int(seed % 4)) << 20))
    try await Load(broker, round: round, seed: seed).run()
} catch {
    fail(error)
}
