import CoreMetrics
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing

@testable import Observability

/// What a process shows of itself.
@Suite struct ProcessTests {
    private func value(_ name: String, in registry: PrometheusRegistry) throws -> Double {
        let families = try ExpositionParser.parse(registry.render())
        return try #require(families[name]?.samples[name])
    }

    @Test func theSystemsFiguresAreThisProcess() throws {
        let registry = PrometheusRegistry()
        ProcessMetrics.show(in: registry)
        let memory = try value("process_resident_memory_bytes", in: registry)
        #expect(memory > 1_000_000 && memory < 100e9)
        #expect(try value("process_virtual_memory_bytes", in: registry) > memory)
        #expect(try value("process_threads", in: registry) >= 1)
        #expect(try value("process_max_fds", in: registry) >= value("process_open_fds", in: registry))
        let start = try value("process_start_time_seconds", in: registry)
        #expect(start <= Date().timeIntervalSince1970 + 2 && start > Date().timeIntervalSince1970 - 86_400)
    }

    @Test func cpuTimeRisesWithWork() throws {
        let registry = PrometheusRegistry()
        ProcessMetrics.show(in: registry)
        let before = try value("process_cpu_seconds_total", in: registry)
        var sum: UInt64 = 0
        for number in 0..<20_000_000 as Range<UInt64> { sum = sum &* 31 &+ number }
        #expect(sum != 1)
        #expect(try value("process_cpu_seconds_total", in: registry) > before)
    }

    @Test func openDescriptorsAreCounted() throws {
        let registry = PrometheusRegistry()
        ProcessMetrics.show(in: registry)
        let before = try value("process_open_fds", in: registry)
        let files = try (0..<50).map { _ in try FileHandle(forReadingFrom: URL(filePath: "/dev/null")) }
        // Others may open and close some meanwhile.
        #expect(abs(try value("process_open_fds", in: registry) - before - 50) < 20)
        for file in files { try file.close() }
    }

    @Test(.timeLimit(.minutes(1)))
    func aBlockedEventLoopShowsAsLag() async throws {
        let registry = PrometheusRegistry()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let probe = LagProbe(eventLoopGroup: group, factory: registry)
        let services = ServiceGroup(services: [probe], logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        func samples(_ name: String) throws -> [String: Double] {
            try #require(try ExpositionParser.parse(registry.render())[name]?.samples)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            try await eventually("both are measured") {
                let loops = try samples("onsale_event_loop_lag_seconds")["onsale_event_loop_lag_seconds_count"]
                let pool = try samples("onsale_task_lag_seconds")["onsale_task_lag_seconds_count"]
                return loops ?? 0 > 0 && pool ?? 0 > 0
            }
            // Two intervals long, so a timer is due in it at least 0.1 s before its end.
            try await group.next().submit { Thread.sleep(forTimeInterval: 0.3) }.get()
            try await eventually("the lag is seen") {
                try samples("onsale_event_loop_lag_seconds")["onsale_event_loop_lag_seconds_sum"] ?? 0 > 0.1
            }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        try await group.shutdownGracefully()
    }

    @Test func theLevelOfAllLoggersChangesButOfThoseThatHaveTheirOwn() {
        let control = LogControl(level: .info)
        let output = StandardErrorOutput()
        func logger() -> Logger {
            Logger(label: "x") { LineLogHandler(label: $0, format: .json, control: control, output: output) }
        }
        let shared = logger()
        var own = logger()
        own.logLevel = .error
        for level in [Logger.Level.debug, .trace, .trace] {
            control.raiseDetail()
            #expect(shared.logLevel == level)
            #expect(own.logLevel == .error)
        }
        control.reset()
        #expect(shared.logLevel == .info)
    }

    @Test func recordsAreCountedByLevel() throws {
        let control = LogControl(level: .info)
        let registry = PrometheusRegistry()
        control.show(in: registry)
        for _ in 0..<3 { control.count(.warning) }
        let samples = try #require(try ExpositionParser.parse(registry.render())["onsale_log_records_total"]?.samples)
        #expect(samples.count == Logger.Level.allCases.count)
        #expect(samples["onsale_log_records_total{level=\"warning\"}"] == 3)
    }
}
