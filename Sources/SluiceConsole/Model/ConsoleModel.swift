import SluiceAPI
import SluiceMessage

/// The console as a value: ``update(_:)`` takes in what happened and says what to do, ``view(_:)`` shows it. It knows no
/// terminal, no broker and no clock; time comes as ``Event/tick(now:)``.
public struct ConsoleModel: Sendable {
    public internal(set) var settings: ConsoleSettings
    public internal(set) var theme: Theme
    /// Milliseconds between two refreshes.
    public internal(set) var refreshInterval: Int64
    /// Epoch ms of the last tick.
    public internal(set) var now: Int64
    public internal(set) var size = Size(width: 0, height: 0)

    var history: History
    var lists: [Location: ListState] = [:]
    var data = ConsoleData()
    var scenario: ScenarioStatus?
    /// The list of scenarios stands where a running one would.
    var showsScenarioList = false

    /// Rows of the list on the current screen: ids of the filtered and sorted rows, with their place in the data.
    var rows: [Row] = []

    var dialog: Dialog?
    var prompt: Prompt?
    var notice: Notice?
    var isPaused = false
    /// Which of its widths the histogram of the delays screen has.
    var zoom = DelayZoom.initial
    /// Seconds that the peak shaving screen shows.
    var flowSpan = 120
    /// Messages marked on any page, by queue and offset.
    var markedMessages: [MessageID: StoredMessage] = [:]
    /// How the message screen shows the body.
    var bodyView = BodyView.text
    /// Where the messages screen starts, per queue.
    var pageStarts: [QueueID: PageStart] = [:]
    var pageAsked: WantedPage?
    var showsAllTopics = false
    /// The search through dead letters that is under way.
    var gather: DeadLetterGathering?
    /// What the broker was told of that is on the screen.
    var watched: Set<String> = []
    /// The dead letter topic that was entered, until it is known which of its queues hold any.
    var enteredLetters: String?
    /// Number of the first entry on the audit screen; nil is the newest page.
    var auditStart: Int64?
    /// The body of the message in front, cut into lines.
    var body: BodyLines?
    /// What ``body`` was made of.
    var bodySource: BodySource?
    /// Commands given, the newest last.
    var commandHistory: [String] = []
    var themeNames: [String] = Theme.builtIn
    /// Acts whose dialog was closed before their outcome came.
    var orphans: Set<Ticket> = []
    /// What is over a threshold.
    var alertWatch = AlertWatch()
    /// What thresholds were judged by before: what was there when the console came does not ring.
    var alertsHeard: Set<Query> = []
    /// Asks before it leaves a broker of its own that has clients.
    var leaving: Leaving?

    /// Acts on their way, dry runs too.
    var startedActs: [Ticket: StartedAct] = [:]
    /// Acts without a dialog, by the ticket of the one on its way.
    var chains: [Ticket: Chain] = [:]
    /// Counts dialogs and chains: what is done in one is taken back together.
    var actBatch = 0
    var undo: Undo?
    /// What was published in this run, oldest first.
    var published: [MessageTemplate] = []
    var calls = CallLog()

    /// Which delays are asked for, and which of them those shown are.
    var delayTopic: String?
    var delayKey: String?
    var delaySkip = 0
    var shownDelays: DelayQuery?
    /// Delays marked on any page, by id.
    var markedDelays: [String: PendingDelay] = [:]
    /// Bars that the histogram is moved into the future.
    var histogramScroll = 0
    /// True shows what falls due over what producers send and consumers take.
    var showsLoad = false
    /// A group under other circumstances, kept on its screen.
    var whatIf: (group: String, what: WhatIf)?
    /// The row that is followed, and where.
    var followed: (place: Location, id: String)?

    /// What these brokers are and can do is asked at the start, and after nobody answered for a while.
    var asksFeatures = true
    /// Since when nobody answers; nil while somebody does.
    var outage: Outage?

    var nextTicket: UInt64 = 1
    var inFlight: [Query: Ticket] = [:]
    var lastRefresh: Int64?
    /// A refresh that was asked for by hand speaks when it is answered.
    var manualRefresh: Set<Ticket> = []

    public init(settings: ConsoleSettings) {
        self.settings = settings
        theme = settings.theme
        refreshInterval = settings.refreshInterval
        now = settings.now
        history = History(Location(settings.startScreen) ?? .overview)
    }

    /// Milliseconds after which the driver should send the next tick: the refresh interval, and a second at most for the
    /// countdowns.
    public var tickInterval: Int64 { min(refreshInterval, 1000) }

    /// The screen in front.
    public var screen: Screen { place.screen }

    var place: Location { history.current }

    var list: ListState {
        get { lists[place] ?? ListState() }
        set { lists[place] = newValue }
    }
}

/// A row of the list in front: its identity, and where its data is.
struct Row: Sendable, Equatable {
    var id: String
    var index: Int
}

/// A sentence on the status line.
struct Notice: Sendable, Equatable {
    enum Kind: Sendable { case info, good, bad }
    var text: String
    var kind: Kind
    /// Epoch ms at which it goes.
    var until: Int64
    /// What a key does about it, as `u moves it back`; shown also where the sentence is too long.
    var offer = ""
}

/// Where a page of messages starts.
struct PageStart: Sendable, Equatable {
    /// First offset shown; nil is the newest page.
    var offset: Int64?
}

/// A time without answers.
struct Outage: Sendable, Equatable {
    /// Epoch ms of the first answer that failed.
    var since: Int64
    /// How often it was tried again.
    var retries = 0
}

/// How the message screen shows a body.
enum BodyView: String, Sendable, CaseIterable {
    case text, json, hex
    var next: BodyView {
        switch self {
        case .text: .json
        case .json: .hex
        case .hex: .text
        }
    }
}

/// A body in front: which, how it is looked at, and how wide. What is stored never changes, so equal ones look alike.
struct BodySource: Sendable, Equatable {
    var message: MessageID
    var view: BodyView
    var width: Int
}

/// Widths of a bar of the delay histogram.
enum DelayZoom {
    /// Milliseconds a bar, finest first.
    static let widths: [Int64] = [
        1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000,
    ]
    static let initial = 3
}
