import CoreMetrics
import Foundation
import Logging
package import NIOCore
import NIOPosix
package import Observability
package import OnsaleConfiguration
package import OnsaleTracing
package import PostgresClient
package import RedisClient
package import ServiceLifecycle
import Tracing

/// How a program is watched: its log level, its metrics and its traces. Made once, before anything that is measured.
package struct Telemetry: Sendable {
    package enum Program: String, Sendable {
        case gateway, worker
    }

    package let registry: PrometheusRegistry
    /// nil: nothing is traced.
    package let tracer: SpanTracer?
    private let control: LogControl
    private let exporter: OTLPExporter?
    private let logger: Logger

    /// Sets up the process' logging, metrics and tracing systems, which can be done only once in it.
    package static func bootstrap(config: ConfigReader, program: Program) throws(ConfigurationError) -> Telemetry {
        let logging = try LoggingConfiguration(config: config)
        let tracing = try TracingConfiguration(config: config, service: "onsale-\(program.rawValue)")
        let control = LoggingBootstrap.bootstrap(logging, metadataProvider: tracing.map { _ in .trace })
        var metrics = PrometheusConfiguration()
        metrics.maximumSeries = 1_000 + 64 * (try config.int("partitions", default: 16, in: 1...4_096))
        return Telemetry(control: control, metrics: metrics, tracing: tracing, program: program)
    }

    private init(
        control: LogControl, metrics: PrometheusConfiguration, tracing: TracingConfiguration?, program: Program
    ) {
        registry = PrometheusRegistry(configuration: metrics)
        self.control = control
        logger = Logger(label: "onsale.\(program.rawValue)")
        MetricsSystem.bootstrap(registry)
        control.show(in: registry)
        ProcessMetrics.show(in: registry)
        registry.gauge(
            "onsale_build_info", "What runs; always 1.",
            dimensions: [("program", program.rawValue), ("swift", Self.swiftVersion)]
        ) { 1 }
        guard let tracing else {
            tracer = nil
            exporter = nil
            return
        }
        let queue = SpanQueue(factory: registry)
        registry.gauge("onsale_trace_spans_waiting", "Spans that wait to be exported.") { Double(queue.count) }
        let tracer = SpanTracer(ratio: tracing.ratio, queue: queue)
        InstrumentationSystem.bootstrap(tracer)
        self.tracer = tracer
        let process = ProcessInfo.processInfo
        exporter = OTLPExporter(
            configuration: tracing, queue: queue, instance: "\(process.hostName):\(process.processIdentifier)",
            logger: logger)
    }

    /// What must run beside the program's own services, and be stopped after them.
    ///
    /// - Parameter eventLoopGroup: Whose lag is measured, beside that of Swift's thread pool.
    package func services(eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) -> [any Service] {
        var services: [any Service] = [
            LogLevelSignals(control: control, logger: logger),
            LagProbe(eventLoopGroup: eventLoopGroup, factory: registry),
        ]
        if let exporter { services.insert(exporter, at: 0) }
        return services
    }

    /// Shows the connections of a client.
    ///
    /// - Parameter pool: Names the client among those of its program, as in its `PostgresMetrics`.
    package func show(_ postgres: PostgresClient, pool: String) {
        let states: [(String, @Sendable (PostgresPoolStatistics) -> Int)] = [
            ("idle", { $0.idle }), ("leased", { $0.leased }), ("connecting", { $0.connecting }),
        ]
        for (state, count) in states {
            registry.gauge(
                "onsale_postgres_connections", "Connections of the pool, by what they do.",
                dimensions: [("pool", pool), ("state", state)]
            ) { Double(count(postgres.statistics)) }
        }
        registry.gauge(
            "onsale_postgres_waiters", "Calls in line for a connection of the pool.", dimensions: [("pool", pool)]
        ) { Double(postgres.statistics.waiting) }
    }

    /// Shows the shared connections of a client.
    package func show(_ redis: RedisClient, _ metrics: RedisMetrics) {
        registry.gauge("onsale_redis_calls_in_flight", "Calls of Redis on shared connections under way.") {
            Double(metrics.inFlight)
        }
        registry.gauge("onsale_redis_connected", "Whether all shared connections to Redis are up.") {
            redis.isConnected ? 1 : 0
        }
    }

    #if swift(>=6.4)
        private static let swiftVersion = "6.4 or later"
    #elseif swift(>=6.3)
        private static let swiftVersion = "6.3"
    #else
        private static let swiftVersion = "6.2"
    #endif
}
