import Glibc
import SluiceAPI
import SluiceConsole
import SluiceMessage

// How fast the console is with 10,000 topics and 2,000 groups: from the answers to a frame, for an order and a filter,
// and for a refresh in which nothing changed. Prints medians of several runs in milliseconds by the clock on the wall and
// of this thread's CPU. Ends with 1 when a figure is over its limit: by CPU, so that neighbours do not count, or by the
// clock with --wall, for a quiet machine.
let judgesWall = CommandLine.arguments.contains("--wall")
let start: Int64 = 1_773_497_007_000
let size = Size(width: 200, height: 50)

let topics: [TopicSummary] = (0..<10_000).map { index in
    TopicSummary(
        config: TopicConfig(name: "service-\(index % 97).events-\(index)"), kind: .normal,
        depth: Int64(index * 7919 % 100_003), published: Int64(index * 31), delivered: Int64(index * 29),
        groups: index % 5, lastStored: start - Int64(index % 600) * 1000)
}
let groups: [GroupSummary] = (0..<2_000).map { index in
    GroupSummary(
        config: GroupConfig(name: "consumer-\(index)"), model: .clustering, clients: index % 4,
        lag: Int64(index * 7919 % 10_007), behind: Int64(index % 900) * 1000, delivered: Int64(index * 13),
        committed: Int64(index * 11), deadLetters: index % 50 == 0 ? 3 : 0,
        topics: ["service-\(index % 97).events-\(index)"])
}
let broker = BrokerStatus(
    name: "broker-a", cluster: "c", version: "0", durability: .sync, fileSystem: "ext4", dataFolder: "/d",
    startedAt: start, recovery: "", logBytes: 0, minPhysicalOffset: 0, maxPhysicalOffset: 0, diskFreeBytes: 1 << 40,
    diskTotalBytes: 1 << 40, published: 0, delivered: 0, publishErrors: 0, damagedRecords: 0, refusing: nil,
    pendingDelays: 0, unresolvedHalves: 0, oldestHalf: nil, topics: topics.count, groups: groups.count)

/// Answers what is asked from the tables above.
func answer(_ effects: [Effect], _ model: inout ConsoleModel) {
    for effect in effects {
        guard case .ask(let ticket, let query) = effect else { continue }
        let reply: Reply? =
            switch query {
            case .broker: .broker(broker)
            case .flow: .flow([])
            case .topics: .topics(topics)
            case .groups: .groups(groups)
            case .halves: .halves(HalfPage(total: 0, setAside: 0, oldest: nil, items: []))
            case .histogram(let start, let width, let buckets):
                .histogram(DelayHistogram(start: start, width: width, counts: Array(repeating: 0, count: buckets)))
            default: nil
            }
        if let reply { answer(model.update(.answer(.reply(ticket, query, .success(reply)))), &model) }
    }
}

/// How long some work took, in milliseconds.
struct Took {
    var wall: Double
    var cpu: Double
}

func milliseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

func took(_ work: () -> Void) -> Took {
    let (wall, cpu) = (milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_THREAD_CPUTIME_ID))
    work()
    return Took(wall: milliseconds(CLOCK_MONOTONIC) - wall, cpu: milliseconds(CLOCK_THREAD_CPUTIME_ID) - cpu)
}

var failed = false
@MainActor func figure(_ name: String, limit: Double, _ runs: [Took]) {
    let (wall, cpu) = (runs.map(\.wall).sorted(), runs.map(\.cpu).sorted())
    let median = (wall: wall[wall.count / 2], cpu: cpu[cpu.count / 2])
    let text = { (value: Double) in "\((value * 100).rounded() / 100)" }
    print(
        "\(name): \(text(median.wall)) ms, CPU \(text(median.cpu)) ms "
            + "(worst \(text(wall.last ?? 0)), limit \(text(limit)))")
    if (judgesWall ? median.wall : median.cpu) > limit { failed = true }
}

func console(_ place: String) -> ConsoleModel {
    let theme = ThemeLibrary(userFolder: nil).load(Theme.builtIn[0]).theme
    var model = ConsoleModel(settings: ConsoleSettings(connection: "embedded", name: "load", theme: theme, now: start))
    _ = model.open(place)
    _ = model.update(.resize(size))
    return model
}

for place in ["overview", "topics", "groups"] {
    var model = console(place)
    let first = (0..<5).map { _ in
        model = console(place)
        let effects = model.update(.tick(now: start))
        return took {
            answer(effects, &model)
            _ = model.view(size)
        }
    }
    figure("\(place), first frame", limit: 50, first)
    var time = start
    func refresh() {
        time += 1000
        answer(model.update(.tick(now: time)), &model)
    }
    for _ in 0..<20 { refresh() }
    let before = model.view(size)
    let quiet = (0..<5).map { _ in
        took {
            refresh()
            _ = model.view(size)
        }
    }
    figure("\(place), quiet refresh", limit: 50, quiet)
    let after = model.view(size)
    let changed = (0..<size.height).reduce(0) { sum, y in
        sum + zip(before.row(y), after.row(y)).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
    }
    print("\(place), cells sent for a quiet refresh: \(changed)")
    if place == "topics", changed != 0 { failed = true }
    guard place != "overview" else { continue }
    for (name, keys) in [("order by name", "N"), ("order by a figure", place == "topics" ? "D" : "L")] {
        let runs = (0..<6).map { _ in
            took {
                for key in keys { _ = model.update(.key(.character(key))) }
                _ = model.view(size)
            }
        }
        figure("\(place), \(name)", limit: 20, runs)
    }
    for (name, text) in [("filter", "events-77"), ("filter, expression", "s.*7$"), ("filter, fuzzy", "-f sv77")] {
        _ = model.update(.key(.character("/")))
        let runs = text.map { key in
            took {
                _ = model.update(.key(.character(key)))
                _ = model.view(size)
            }
        }
        figure("\(place), \(name)", limit: 20, runs)
        _ = model.update(.key(.escape))
    }
    let keys = (0..<500).map { index in
        took {
            _ = model.update(.key(index % 20 < 10 ? .down : .up))
            _ = model.view(size)
        }
    }
    figure("\(place), a key and its frame", limit: 5, keys)
}
exit(failed ? 1 : 0)
