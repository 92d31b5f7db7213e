// swift-tools-version:6.2
import PackageDescription

/// What every Swift target of Sluice is compiled with: Swift 6 language mode, no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// The hot path's modules: release builds trust that one owner has its state to itself, which debug builds and the tests
/// check on every access (a check costs a tenth of a message's way).
let hot: [SwiftSetting] =
    strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// The arrows of Sources/ARCHITECTURE.md, from the bottom up: a target may only use what stands above it here.
let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"])
    ],
    traits: [
        .trait(
            name: "Plants",
            description: "Bugs put in on purpose, for tests of the simulator; never in a build that is used.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .target(name: "CSluice"),
        .systemLibrary(name: "CCrypto"),
        .systemLibrary(name: "CDeflate"),
        .target(name: "CNcurses", linkerSettings: [.linkedLibrary("ncursesw")]),

        .target(name: "SluiceMessage", dependencies: ["CSluice", "CDeflate"], swiftSettings: hot),
        .target(name: "SluiceAPI", dependencies: ["SluiceMessage"], swiftSettings: strict),
        .target(name: "SluiceStorage", dependencies: ["SluiceMessage", "CSluice"], swiftSettings: hot),
        .target(
            name: "SluiceBroker",
            dependencies: [
                "SluiceAPI", "SluiceStorage", "SluiceMessage", "CCrypto",
                .product(name: "HeapModule", package: "swift-collections"),
            ], swiftSettings: hot),
        .target(name: "SluiceHost", dependencies: ["SluiceBroker", "CSluice"], swiftSettings: strict),
        .target(
            name: "SluiceRemoting", dependencies: ["CCrypto"], swiftSettings: hot),
        .target(
            name: "SluiceServer",
            dependencies: [
                "SluiceRemoting", "SluiceHost", "SluiceBroker", "SluiceStorage", "SluiceAPI", "SluiceMessage",
                "CSluice", .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: hot),
        .target(
            name: "SluiceClient", dependencies: ["SluiceAPI", "SluiceHost", "SluiceRemoting"], swiftSettings: hot),
        .target(
            name: "SluiceCluster",
            dependencies: [
                "SluiceClient", "SluiceRemoting", "SluiceBroker", "SluiceStorage", "SluiceAPI", "SluiceMessage",
                "CSluice", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: hot),
        .target(
            name: "SluiceThemes", path: "Themes",
            resources: [
                .embedInCode("sluice-dark.toml"), .embedInCode("sluice-light.toml"),
                .embedInCode("sixteen.toml"), .embedInCode("clear.toml"), .embedInCode("graphite.toml"),
                .embedInCode("ember.toml"), .embedInCode("moss.toml"), .embedInCode("dusk.toml"),
                .embedInCode("frost.toml"),
            ], swiftSettings: strict),
        .target(
            name: "SluiceConsole",
            dependencies: ["SluiceAPI", "SluiceThemes", .product(name: "TOMLKit", package: "TOMLKit")],
            swiftSettings: strict),
        .target(name: "SluiceTerminal", dependencies: ["SluiceConsole", "CNcurses", "CSluice"], swiftSettings: strict),
        .target(
            name: "SluiceScenarios",
            dependencies: [
                "SluiceClient", "CDeflate", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: strict),
        .target(
            name: "SluiceSimulator", dependencies: ["SluiceBroker", "SluiceStorage", "SluiceAPI", "SluiceMessage"],
            swiftSettings: strict),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "SluiceClient", "SluiceCluster", "SluiceConsole", "SluiceTerminal", "SluiceScenarios", "SluiceServer",
                "SluiceSimulator",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "TOMLKit", package: "TOMLKit"),
            ], swiftSettings: strict),
        .testTarget(
            name: "SluiceMessageTests", dependencies: ["SluiceMessage", "SluiceSimulator"],
            path: "Tests/SluiceMessageTests", swiftSettings: strict),
        .target(
            name: "SluiceTapes", dependencies: ["SluiceRemoting"], path: "Tests/Tapes",
            exclude: ["4.9.8", "5.0.0", "README.md"], swiftSettings: strict),
        .testTarget(
            name: "SluiceRemotingTests",
            dependencies: ["SluiceRemoting", "SluiceMessage", "SluiceTapes", "SluiceSimulator"],
            path: "Tests/SluiceRemotingTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceServerTests",
            dependencies: [
                "SluiceServer", "SluiceRemoting", "SluiceClient", "SluiceHost", "SluiceBroker", "SluiceAPI",
                "SluiceMessage", "SluiceTapes", "SluiceSimulator", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/SluiceServerTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceClusterTests",
            dependencies: [
                "SluiceCluster", "SluiceServer", "SluiceRemoting", "SluiceClient", "SluiceBroker", "SluiceAPI",
                "SluiceMessage", "SluiceTapes", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/SluiceClusterTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceStorageTests",
            dependencies: ["SluiceStorage", "SluiceBroker", "SluiceAPI", "SluiceMessage", "SluiceSimulator"],
            path: "Tests/SluiceStorageTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceBrokerTests",
            dependencies: ["SluiceBroker", "SluiceStorage", "SluiceAPI", "SluiceMessage", "SluiceSimulator"],
            path: "Tests/SluiceBrokerTests", swiftSettings: strict),
        .testTarget(
            name: "SimulatorTests", dependencies: ["SluiceSimulator", "SluiceBroker"], path: "Tests/SimulatorTests",
            swiftSettings: strict),
        .testTarget(
            name: "SluiceConsoleBaseTests", dependencies: ["SluiceConsole"], path: "Tests/SluiceConsoleBaseTests",
            swiftSettings: strict),
        .testTarget(
            name: "SluiceTerminalTests", dependencies: ["SluiceTerminal", "SluiceConsole", "CNcurses"],
            path: "Tests/SluiceTerminalTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceConsoleTests", dependencies: ["SluiceConsole", "SluiceAPI", "SluiceMessage"],
            path: "Tests/SluiceConsoleTests", exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "CommandTests", dependencies: ["sluice"], path: "Tests/CommandTests", swiftSettings: strict),
        .testTarget(
            name: "SluiceScenariosTests",
            dependencies: [
                "SluiceScenarios", "SluiceCluster", "SluiceServer", "SluiceBroker", "SluiceMessage", "sluice",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/SluiceScenariosTests", swiftSettings: strict),
        .executableTarget(
            name: "sluice-plant-hunt", dependencies: ["SluiceSimulator"], path: "Tests/PlantHunt", swiftSettings: strict
        ),
        .executableTarget(
            name: "sluice-killee", dependencies: ["SluiceClient", "SluiceAPI", "SluiceMessage"], path: "Tests/Killee",
            swiftSettings: strict),
        .testTarget(
            name: "KillTests", dependencies: ["sluice-killee", "SluiceClient", "SluiceAPI", "SluiceMessage"],
            path: "Tests/KillTests", swiftSettings: strict),
        .executableTarget(
            name: "sluice-loaded-console",
            dependencies: ["SluiceClient", "SluiceConsole", "SluiceTerminal", "SluiceAPI", "SluiceMessage"],
            path: "Tests/Harness/LoadedConsole", swiftSettings: strict),
        .executableTarget(
            name: "sluice-console-figures", dependencies: ["SluiceConsole", "SluiceAPI", "SluiceMessage"],
            path: "Tests/Harness/ConsoleFigures", swiftSettings: strict),
        .testTarget(
            name: "ConformanceTests", dependencies: ["sluice", "SluiceRemoting"], path: "Tests/ConformanceTests",
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["sluice"], path: "Tests/EndToEnd", swiftSettings: strict),
    ]
)
