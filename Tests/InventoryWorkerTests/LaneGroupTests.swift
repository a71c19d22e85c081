import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import InventoryWorker

@Suite(.timeLimit(.minutes(1)))
struct LaneGroupTests {
    /// Stops only once all of them were told to stop.
    private final class Lanes: Sendable {
        let told = Mutex(0)
        let running = Mutex(0)
    }

    private struct PatientLane: Service {
        let lanes: Lanes

        func run() async throws {
            lanes.running.withLock { $0 += 1 }
            try await gracefulShutdown()
            lanes.told.withLock { $0 += 1 }
            while lanes.told.withLock({ $0 }) < 3 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    @Test func `All lanes are stopped at once`() async throws {
        let lanes = Lanes()
        let group = ServiceGroup(
            services: [LaneGroup(Array(repeating: PatientLane(lanes: lanes), count: 3))],
            logger: Logger(label: "lanes") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually("all run") { lanes.running.withLock { $0 } == 3 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(lanes.told.withLock { $0 } == 3)
    }

    @Test func `One after the other, lanes that wait for each other would never end`() async throws {
        let lanes = Lanes()
        var configuration = ServiceGroupConfiguration(
            services: (0..<3).map { _ in PatientLane(lanes: lanes) },
            logger: Logger(label: "lanes") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .milliseconds(200)
        let group = ServiceGroup(configuration: configuration)
        await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await #expect(throws: Never.self) {
                try await eventually("all run") { lanes.running.withLock { $0 } == 3 }
            }
            await group.triggerGracefulShutdown()
            _ = await tasks.nextResult()
        }
        #expect(lanes.told.withLock { $0 } == 1)
    }
}
