// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is compiled with the same settings; a warning is an error where CI builds.
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        // Specialises generics across our modules. A gateway's CPU did not change by it (10.5 s without, 10.7 s with it
        // for a journey of 50,000 orders), so this may go; the README's figures were measured with it.
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

extension Target.Dependency {
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let algorithms = product(name: "Algorithms", package: "swift-algorithms")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let collections = product(name: "Collections", package: "swift-collections")
    static let swiftConfiguration = product(name: "Configuration", package: "swift-configuration")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let histogram = product(name: "Histogram", package: "hdrhistogram-swift")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
    static let jwtKit = product(name: "JWTKit", package: "jwt-kit")
    static let heap = product(name: "HeapModule", package: "swift-collections")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let lifecycleTestKit = product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
    static let yams = product(name: "Yams", package: "Yams")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
}

extension Target {
    /// A library of ours under `Sources/Shared`.
    static func shared(
        _ name: String, _ dependencies: [Dependency], resources: [Resource] = [], path: String? = nil
    ) -> Target {
        .target(
            name: name, dependencies: dependencies, path: "Sources/Shared/\(path ?? name)", resources: resources,
            swiftSettings: settings)
    }

    static func program(
        _ name: String, path: String? = nil, exclude: [String] = [], _ dependencies: [Dependency],
        resources: [Resource] = []
    ) -> Target {
        .executableTarget(
            name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", exclude: exclude,
            resources: resources, swiftSettings: settings)
    }

    static func tests(_ name: String, _ dependencies: [Dependency]) -> Target {
        .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
    }

    static func c(_ name: String, pkgConfig: String? = nil) -> Target {
        .systemLibrary(name: name, path: "Sources/Shared/\(name)", pkgConfig: pkgConfig)
    }
}

let package = Package(
    name: "onsale",
    products: [
        .executable(name: "onsale-gateway", targets: ["Gateway"]),
        .executable(name: "onsale-worker", targets: ["InventoryWorkerApp"]),
        .executable(name: "onsale", targets: ["Onsale"]),
        .executable(name: "loadtest", targets: ["LoadTest"]),
        .executable(name: "simulate", targets: ["Simulation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // System libraries.
        .c("CCurl", pkgConfig: "libcurl"),
        .c("CHiredis"),
        .c("CLibpq", pkgConfig: "libpq"),
        .c("CMalloc"),
        .c("CPNG", pkgConfig: "libpng"),
        .c("CQRencode", pkgConfig: "libqrencode"),
        .c("COpenSSL", pkgConfig: "libcrypto"),

        // The domain and the clients: none of them knows another.
        .shared("Ticketing", [.crypto]),
        .shared(
            "RedisClient", ["CHiredis", .collections, .coreMetrics, .lifecycle, .logging, .nio, .nioPosix, .nioSSL]),
        .shared("PostgresClient", ["CLibpq", .collections, .coreMetrics, .logging]),
        .shared("OnsaleConfiguration", [.swiftConfiguration], path: "Configuration"),
        .shared("Observability", ["OnsaleConfiguration", .coreMetrics, .lifecycle, .logging, .nio, .unixSignals]),
        .shared(
            "OnsaleTracing",
            [
                "OnsaleConfiguration", .asyncHTTPClient, .collections, .coreMetrics, .lifecycle, .logging, .nio,
                .nioHTTP, .tracing,
            ], path: "Tracing"),
        .shared(
            "Telemetry",
            [
                "Observability", "OnsaleConfiguration", "OnsaleTracing", "PostgresClient", "RedisClient", .coreMetrics,
                .lifecycle, .logging, .nio, .nioPosix, .tracing,
            ]),
        .shared("Threads", []),
        .shared("Security", ["COpenSSL", "OnsaleConfiguration", "Threads", "Ticketing", .jwtKit]),
        .shared("PNGImages", ["CPNG"]),
        .shared("QRCodes", ["CQRencode"]),
        .shared("TicketPages", ["QRCodes", .mustache], resources: [.embedInCode("Templates")]),

        // The stores, the payment provider and the mails.
        .shared(
            "InventoryStore", ["OnsaleConfiguration", "RedisClient", "Ticketing", .logging],
            resources: [.embedInCode("Scripts")]),
        .shared(
            "OrderRepository", ["OnsaleConfiguration", "PostgresClient", "Ticketing", .crypto, .logging],
            resources: [.embedInCode("Migrations")]),
        .shared(
            "Payments",
            [
                "OnsaleConfiguration", "PostgresClient", "Ticketing", .asyncHTTPClient, .collections, .coreMetrics,
                .logging, .nio, .nioHTTP,
            ]),
        .shared(
            "Mail", ["CCurl", "OnsaleConfiguration", "Threads", "Ticketing", .logging, .mustache],
            resources: [.embedInCode("Templates")]),
        .shared("ObjectStorage", ["OnsaleConfiguration", .asyncHTTPClient, .crypto, .nio, .nioHTTP]),
        .shared(
            "RateLimiting", ["Observability", "OnsaleConfiguration", "RedisClient", .logging],
            resources: [.embedInCode("Scripts")]),
        .shared("Reconciliation", ["InventoryStore", "OrderRepository", "Payments", "Ticketing"]),

        // The programs.
        .program(
            "Gateway",
            [
                "CMalloc", "InventoryStore", "ObjectStorage", "Observability", "OnsaleConfiguration",
                "OnsaleTracing", "OrderRepository", "PNGImages", "PostgresClient", "QRCodes", "RateLimiting",
                "RedisClient",
                "Security", "Telemetry", "TicketPages", "Ticketing", .asyncHTTPClient, .coreMetrics, .crypto,
                .httpTypes,
                .hummingbird, .hummingbirdCore, .lifecycle, .logging, .mustache, .nio, .nioHTTP, .nioPosix, .tracing,
                .unixSignals, .yams,
            ], resources: [.embedInCode("Resources")]),
        // The worker's parts are a library, so that the simulation can run them too.
        .target(
            name: "InventoryWorker",
            dependencies: [
                "InventoryStore", "Mail", "OnsaleConfiguration", "OnsaleTracing", "OrderRepository", "Payments",
                "Reconciliation", "Ticketing", .coreMetrics, .lifecycle, .logging, .metrics, .tracing,
            ], exclude: ["App"], swiftSettings: settings),
        .program(
            "InventoryWorkerApp", path: "Sources/InventoryWorker/App",
            [
                "InventoryStore", "InventoryWorker", "Mail", "Observability", "OnsaleConfiguration",
                "OrderRepository", "Payments", "PostgresClient", "RedisClient", "Telemetry", "Ticketing",
                .hummingbird, .lifecycle,
                .logging, .unixSignals,
            ]),
        .program(
            "Onsale",
            [
                "InventoryStore", "Observability", "OnsaleConfiguration", "OrderRepository", "Payments",
                "PostgresClient", "Reconciliation", "RedisClient", "Security", "Ticketing",
                .argumentParser, .logging,
            ]),
        .program(
            "LoadTest", path: "loadtest", exclude: ["README.md", "scenarios"],
            [
                "OnsaleConfiguration", "PostgresClient", "Security", "Ticketing",
                .argumentParser, .histogram, .logging, .nio, .nioHPACK, .nioHTTP, .nioHTTP2, .nioPosix, .nioSSL,
                .yams,
            ], resources: [.embedInCode("Resources")]),

        .program(
            "Simulation", path: "simulation", exclude: ["README.md"],
            [
                "InventoryStore", "InventoryWorker", "OrderRepository", "Payments", "Ticketing", .argumentParser,
                .crypto, .heap, .lifecycle, .lifecycleTestKit, .logging,
            ]),

        // Tests. `TestSupport` starts the servers they need.
        .target(
            name: "TestSupport", path: "Tests/TestSupport", exclude: ["smtp-server.py"], swiftSettings: settings),
        .tests("TicketingTests", ["Ticketing", .crypto]),
        .tests("ConfigurationTests", ["OnsaleConfiguration"]),
        .tests(
            "ObservabilityTests",
            [
                "Observability", "OnsaleConfiguration", "TestSupport", .coreMetrics, .lifecycle, .logging, .nio,
                .nioPosix,
            ]),
        .tests(
            "OnsaleTracingTests",
            ["OnsaleConfiguration", "OnsaleTracing", "TestSupport", .coreMetrics, .lifecycle, .logging, .tracing]),
        .tests("SecurityTests", ["OnsaleConfiguration", "Security", "Threads", "Ticketing", .jwtKit]),
        .tests("MailTests", ["Mail", "OnsaleConfiguration", "TestSupport", "Threads", "Ticketing", .logging]),
        .tests(
            "RedisClientTests", ["RedisClient", "TestSupport", .lifecycle, .logging, .nio, .nioEmbedded, .nioPosix]),
        .tests("PostgresClientTests", ["PostgresClient", "TestSupport", .logging]),
        .tests("TicketPagesTests", ["PNGImages", "QRCodes", "TestSupport", "TicketPages"]),
        .tests(
            "InventoryStoreTests",
            ["InventoryStore", "RedisClient", "TestSupport", "Ticketing", .logging, .nio, .nioPosix]),
        .tests("OrderRepositoryTests", ["OrderRepository", "PostgresClient", "TestSupport", "Ticketing", .logging]),
        .tests(
            "ObjectStorageTests",
            ["ObjectStorage", "OnsaleConfiguration", "TestSupport", .asyncHTTPClient, .nio, .nioHTTP]),
        .target(
            name: "StripeDouble", dependencies: [.crypto, .nio, .nioHTTP, .nioPosix], path: "Tests/StripeDouble",
            swiftSettings: settings),
        .tests(
            "PaymentsTests",
            [
                "OnsaleConfiguration", "Payments", "PostgresClient", "StripeDouble", "TestSupport", "Ticketing",
                .logging,
            ]),
        .tests(
            "GatewayTests",
            [
                "Gateway", "InventoryStore", "ObjectStorage", "Observability", "OnsaleConfiguration",
                "OnsaleTracing", "OrderRepository", "RateLimiting", "Security", "Threads", "Ticketing",
                .crypto, .httpTypes, .hummingbird, .hummingbirdTesting, .jwtKit, .lifecycle, .logging,
                .nio, .nioPosix, .yams,
            ]),
        .tests(
            "InventoryWorkerTests",
            [
                "Gateway", "InventoryStore", "InventoryWorker", "Mail", "Observability", "OnsaleConfiguration",
                "OnsaleTracing", "OrderRepository", "Payments", "PostgresClient", "RateLimiting", "Reconciliation",
                "Security", "StripeDouble", "TestSupport", "Ticketing", .crypto, .httpTypes, .hummingbird,
                .hummingbirdTesting,
                .lifecycle, .logging, .nio, .tracing,
            ]),
        .tests("RateLimitingTests", ["OnsaleConfiguration", "RateLimiting", "RedisClient", "TestSupport", .logging]),
        .tests("ReconciliationTests", ["InventoryStore", "OrderRepository", "Reconciliation", "Ticketing"]),
        .tests("SimulationTests", ["Simulation", "TestSupport"]),
        .tests(
            "LoadTestTests",
            [
                "LoadTest", "TestSupport", "Ticketing", .histogram, .nio, .nioHPACK, .nioHTTP, .nioHTTP2, .nioPosix,
                .nioSSL,
            ]),
        .tests(
            "IntegrationTests",
            [
                "Gateway", "InventoryStore", "InventoryWorkerApp", "LoadTest", "Onsale", "OnsaleConfiguration",
                "OnsaleTracing", "RedisClient", "Security",
                "TestSupport",
                "Ticketing", .logging,
            ]),
        .tests(
            "ChaosTests",
            ["IntegrationTests", "LoadTest", "TestSupport", .nio, .nioPosix]),
    ]
)
