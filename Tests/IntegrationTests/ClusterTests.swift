import Foundation
import TestSupport
import Testing

/// Sales on a Redis Cluster of which nodes step down, die or hand their slots over. The judge is the same as in
/// `CrashTests`. `make test` runs them with few tickets, `make test-cluster` with many.
@Suite("A sale on a cluster", .serialized, .timeLimit(.minutes(10)))
struct ClusterTests {
    private static let tickets = SaleRedis.Kind.ofThisRun == .cluster ? 9_000 : 6_000

    /// Runs a sale on a cluster of its own, strikes while it goes on, and returns what the generator said.
    private func sale(
        settings: [String: String] = [:], _ strike: (RedisCluster, Sale) async throws -> Void
    ) async throws -> String {
        let stack = try await SaleStack(redis: .cluster, workerSettings: settings)
        guard case .cluster(let cluster) = stack.redis else { throw ServerError(description: "no cluster") }
        return try await Sale.run(on: stack, of: Self.tickets) {
            try await strike(cluster, $0)
        }
    }

    @Test("A primary steps down and its slot is moved away in mid-sale: audit clean, nothing lost")
    func failOverAndReshard() async throws {
        let output = try await sale { cluster, sale in
            let tag = try sale.tag()
            try await cluster.failOver(of: tag)
            try await sale.accepted(200)
            try await cluster.reshard(slotOf: tag)
            try await sale.accepted(200)
        }
        #expect(!output.contains("put back by receipts"))
    }

    @Test("A primary dies whose replica is behind: what was accepted and lost comes back by receipts, audit clean")
    func staleReplica() async throws {
        let output = try await sale(killWithStaleReplica)
        let lost = output.firstMatch(of: /([0-9]+) lost orders put back by receipts/)
        print("a fail-over to a replica that was behind lost \(lost?.1 ?? "no") orders; receipts put all of them back")
        #expect(lost != nil, "the test must lose orders")
    }

    @Test("The same with a replica that must confirm each order (WAIT): nothing accepted is lost")
    func confirmingReplica() async throws {
        let settings = ["REDIS_WAIT_REPLICAS": "1", "REDIS_WAIT_TIMEOUT": "200ms"]
        let output = try await sale(settings: settings, killWithStaleReplica)
        #expect(!output.contains("put back by receipts"), "\(output.suffix(2_000))")
    }

    private func killWithStaleReplica(_ cluster: RedisCluster, _ sale: Sale) async throws {
        let tag = try sale.tag()
        // Only the primary has what is accepted from here on: the worker would bring it to Postgres at once.
        sale.stack.signalWorker(SIGSTOP)
        let replica = try cluster.pauseReplica(of: tag)
        let before = try Self.accepted(tag, cluster)
        try await eventually("orders come that only the primary has") {
            try Self.accepted(tag, cluster) >= before + 100
        }
        let killed = try cluster.kill(primaryOf: tag)
        sale.stack.signalWorker(SIGCONT)
        try await cluster.takenOver(from: killed, key: tag)
        try cluster.resume(replica)
        // As a replica of the new primary, which would have none otherwise.
        try await killed.restart()
        try await sale.accepted(200)
    }

    /// Orders that the partition's primary has accepted.
    private static func accepted(_ tag: String, _ cluster: RedisCluster) throws -> Int {
        Int(try cluster.command(["HGET", "\(tag):progress", "accepted"], key: tag)) ?? 0
    }
}
