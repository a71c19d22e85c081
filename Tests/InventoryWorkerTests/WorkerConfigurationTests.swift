@testable import InventoryWorker
import OnsaleConfiguration
import Testing

struct WorkerConfigurationTests {
    private func configuration(_ environment: [String: String]) async throws -> WorkerConfiguration {
        try WorkerConfiguration(config: try await .onsale(dotEnv: "/no/such/file", environment: environment))
    }

    @Test func `Without any variable the defaults hold`() async throws {
        let configuration = try await configuration([:])
        #expect(configuration.batchSize == 1_000)
        #expect(configuration.lease == .seconds(5))
        #expect(configuration.tick == .milliseconds(200))
        #expect(configuration.chargesInFlight == 20_000)
        #expect(configuration.shutdown == .seconds(10))
        #expect(configuration.reconcileInterval == .seconds(5))
        #expect(configuration.reconcileRepairs)
    }

    @Test func `Each variable sets its number`() async throws {
        let configuration = try await configuration([
            "LANE_BATCH_SIZE": "17", "LANE_LEASE_SECONDS": "2", "LANE_TICK": "50ms", "CHARGES_IN_FLIGHT": "5",
            "SHUTDOWN_SECONDS": "0", "RECONCILE_INTERVAL": "1s", "RECONCILE_REPAIR": "false",
        ])
        #expect(configuration.batchSize == 17)
        #expect(configuration.lease == .seconds(2))
        #expect(configuration.tick == .milliseconds(50))
        #expect(configuration.chargesInFlight == 5)
        #expect(configuration.shutdown == .zero)
        #expect(configuration.reconcileInterval == .seconds(1))
        #expect(!configuration.reconcileRepairs)
    }

    @Test(arguments: [
        ("LANE_BATCH_SIZE", "0"), ("LANE_BATCH_SIZE", "10001"), ("LANE_LEASE_SECONDS", "0.5"),
        ("LANE_LEASE_SECONDS", "61"), ("LANE_TICK", "2s"), ("CHARGES_IN_FLIGHT", "many"), ("SHUTDOWN_SECONDS", "-1"),
        ("RECONCILE_INTERVAL", "1ms"), ("RECONCILE_REPAIR", "perhaps"),
    ])
    func `A value out of range is refused by the name of its variable`(name: String, value: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await configuration([name: value]) }
        #expect(error?.description.contains(name) == true)
    }
}
