/// What a console is started with.
public struct ConsoleSettings: Sendable {
    /// How it is connected, as `embedded` or `10.0.0.7:10911`.
    public var connection: String
    /// What it looks at, as the data folder's name.
    public var name: String
    public var readOnly: Bool
    /// What marks this cluster in the header, so that it is not taken for another one; nil marks it by nothing.
    public var colour: Colour?
    /// Milliseconds between two refreshes, 100...3,600,000.
    public var refreshInterval: Int64
    public var theme: Theme
    public var glyphs: GlyphSet
    /// Seconds that local time is ahead of UTC.
    public var utcOffset: Int
    public var startScreen: Screen
    /// The scenarios that there are, and whether one can be started from here.
    public var scenarios: [ScenarioEntry] = []
    public var canStartScenarios = false
    /// Epoch ms of the start.
    public var now: Int64
    /// From when something is too much: the overview's list, bell and banner go by it.
    public var alerts = AlertThresholds()
    public var keymap = Keymap.standard
    /// True when the broker ends with this process: leaving asks first when it has clients.
    public var ownsBroker = false
    /// What the interface speaks.
    public var language = Language.english
    /// What it speaks when it is told to follow the locale.
    public var localeLanguage = Language.english

    public init(
        connection: String, name: String, readOnly: Bool = false, refreshInterval: Int64 = 1000, theme: Theme,
        glyphs: GlyphSet = .braille, utcOffset: Int = 0, startScreen: Screen = .overview, now: Int64
    ) {
        self.connection = connection
        self.name = name
        self.readOnly = readOnly
        self.refreshInterval = min(max(refreshInterval, 100), 3_600_000)
        self.theme = theme
        self.glyphs = glyphs
        self.utcOffset = utcOffset
        self.startScreen = startScreen
        self.now = now
    }
}
