import Logging
import SluiceAPI
import SluiceBroker
import SluiceServer

extension ServeSetting {
    /// Every setting, in the order in which they are printed.
    static let all: [ServeSetting] = places + names + security + broker + limits

    private static let places: [ServeSetting] = [
        place(
            "listen", "Where the broker listens; the port two below is taken too (the VIP channel).", "127.0.0.1:10911"
        ) {
            if let place = $0 { $1.server.listen = place }
        },
        place(
            "name_server", "Where the name server listens; \"none\" leaves that role away.", "127.0.0.1:9876",
            { $1.server.nameServer = $0 }),
        text("advertise", "What routes and message ids say, HOST:PORT; empty is the address listened on.", "") {
            text, settings in
            guard text.isEmpty || SocketPlace(text) != nil else { return "it is HOST:PORT" }
            settings.advertise = text.isEmpty ? nil : text
            return nil
        },
        ServeSetting(
            name: "register_with", help: "Name servers elsewhere to register with, as any RocketMQ broker does.",
            byDefault: "[]"
        ) { value, settings in
            guard let list = value.list else { return "it is a list of HOST:PORT" }
            let places = list.compactMap { SocketPlace($0) }
            guard places.count == list.count else { return "it is a list of HOST:PORT" }
            settings.server.registerWith = places
            return nil
        },
        place("metrics", "Where Prometheus metrics and /healthz are served; empty serves none.", "") {
            $1.metrics = $0
        },
    ]

    private static let names: [ServeSetting] = [
        text("broker_name", "Name of the broker.", "sluice") { text, settings in
            guard !text.isEmpty else { return "a broker has a name" }
            settings.server.brokerName = text
            return nil
        },
        text("cluster", "Name of the cluster it belongs to.", "DefaultCluster") { text, settings in
            guard !text.isEmpty else { return "a cluster has a name" }
            settings.server.cluster = text
            return nil
        },
        text(
            "log_level", "What is logged: trace, debug, info, notice, warning, error or critical. HUP reads it again.",
            "info"
        ) {
            text, settings in
            guard Logger.Level(rawValue: text) != nil else {
                return "it is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
            }
            settings.logLevel = text
            return nil
        },
    ]

    private static let security: [ServeSetting] = [
        text("acl", "File of accounts and permissions (TOML); empty asks nobody who he is. HUP reads it again.", "") {
            $1.acl = $0.isEmpty ? nil : $0
            return nil
        },
        text("tls_mode", "TLS on the same port: disabled, permissive (both), enforcing (TLS only).", "disabled") {
            text, settings in
            guard let mode = TLSOptions.Mode(rawValue: text) else { return "it is disabled, permissive or enforcing" }
            settings.server.tls.mode = mode
            return nil
        },
        text("tls_certificate", "Certificate chain, a PEM file. HUP reads it again.", "") {
            $1.server.tls.certificate = $0
            return nil
        },
        text("tls_key", "Its private key, a PEM file.", "") {
            $1.server.tls.key = $0
            return nil
        },
        text("tls_client_ca", "Certificates that clients must be signed by, a PEM file; empty asks for none.", "") {
            $1.server.tls.clientCA = $0
            return nil
        },
        flag("allow_open", "Serve others than this machine although there are neither accounts nor TLS.", false) {
            $1.allowOpen = $0
        },
    ]

    private static let broker: [ServeSetting] = [
        flag("auto_create_topics", "A topic is made by its first message.", true) { $1.server.autoCreateTopics = $0 },
        text("delay_levels", "The delay levels, level 1 first.", DelayLevels.standard.text) { text, settings in
            guard let levels = DelayLevels(text) else { return "it is a list such as 1s 5s 10s 30s 1m" }
            settings.server.levels = levels
            return nil
        },
        number("longest_delay_hours", "Hours that a message may be delayed at most.", 960, 1...876_000) {
            $1.longestDelay = $0 * 3_600_000
        },
        number(
            "delays_in_memory", "Pending delays kept in memory, 24 bytes each, before they go to a file of the timer.",
            131_072, 1_024...16_777_216
        ) { $1.delaysInMemory = Int($0) },
        number("checks_per_second", "Check-backs a second that one producer group is asked at most.", 500, 1...100_000)
        {
            $1.checksPerSecond = Int($0)
        },
        flag("compat_4_9", "Behave like a stock broker of 4.9 in what consoles rely on: no extensions.", false) {
            $1.server.isCompatible = $0
        },
        number("retain_hours", "Hours that messages are kept.", 72, 1...87_600) { $1.retainHours = $0 },
        number("retain_gib", "GiB of messages kept at most; 0 keeps by age only.", 0, 0...1_048_576) {
            $1.retainGiB = $0
        },
    ]

    private static let limits: [ServeSetting] = [
        number("held_mib", "MiB of incomplete frames and untaken answers held for all peers.", 256, 32...65_536) {
            $1.server.limits.heldBytes = Int($0) << 20
        },
        number("held_mib_per_connection", "The same for one of them.", 32, 17...65_536) {
            $1.server.limits.heldBytesPerConnection = Int($0) << 20
        },
        number("idle_seconds", "Seconds without a byte before a connection is closed.", 120, 1...86_400) {
            $1.server.limits.idleSeconds = $0
        },
        number("heartbeat_seconds", "Seconds without a heartbeat before a client is taken for gone.", 120, 1...86_400) {
            $1.server.limits.heartbeatSeconds = $0
        },
    ]
}
