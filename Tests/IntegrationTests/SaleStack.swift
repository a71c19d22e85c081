import Foundation
import Security
import Synchronization
import TestSupport
import Ticketing

/// A whole Onsale for one test: Redis, Postgres, gateways and workers as processes of their own, which can be killed
/// and started again one by one.
final class SaleStack: Sendable {
    static let adminEmail = "admin@onsale.example"
    static let adminPassword = "an administrator's password"
    static let jwtSecret = "a secret of the tests, more than thirty-two bytes"
    /// Short, so that a take-over takes a second; a batch still takes a small part of it.
    static let leaseSeconds = "1"

    let redis: SaleRedis
    let postgres: PostgresServer
    let databaseURL: String
    let gatewayPort: Int
    let metricsPort: Int
    let directory: URL
    let environment: [String: String]
    /// Gateways and workers by their names.
    private let processes: Mutex<[String: ServerProcess]> = Mutex([:])
    /// Each process has a log of its own.
    private let started = Atomic(0)

    var url: URL { URL(string: "http://127.0.0.1:\(gatewayPort)")! }

    /// The one Redis of a stack that was started on a server and not on a cluster.
    var redisServer: RedisServer {
        guard case .server(let server) = redis else { preconditionFailure("the stack was started on a cluster") }
        return server
    }

    /// Starts everything, with an administrator and no event, on the Redis that the run is for unless told otherwise.
    ///
    /// - Parameter starts: Whether a gateway and a worker are started; else the test starts its own.
    init(
        redis kind: SaleRedis.Kind = .ofThisRun, workerSettings: [String: String] = [:], starts: Bool = true
    ) async throws {
        redis = try await SaleRedis(kind)
        postgres = try PostgresServer()
        databaseURL = try postgres.createDatabase()
        gatewayPort = try freePort()
        metricsPort = try freePort()
        directory = try temporaryDirectory("sale")
        environment = [
            "DATABASE_URL": databaseURL, "REDIS_URL": redis.url, "JWT_SECRET": SaleStack.jwtSecret,
            "ORDER_ID_SECRET": "the secret of the order ids of the tests", "PARTITIONS": "4",
            "HTTP_PORT": String(gatewayPort), "METRICS_PORT": String(metricsPort),
            "LANE_LEASE_SECONDS": SaleStack.leaseSeconds, "ONSALE_ADMIN_EMAIL": SaleStack.adminEmail,
            "ONSALE_ADMIN_PASSWORD": SaleStack.adminPassword,
            // The cheapest hash there is: a debug build takes long for a good one, and these tests are not about
            // passwords.
            "PASSWORD_SCRYPT_LN": "10", "PASSWORD_SCRYPT_P": "1",
            // One buyer of a test does what a thousand do elsewhere.
            "PURCHASE_LIMIT_USER": "off",
        ].merging(workerSettings) { $1 }
        try run("onsale", "migrate", "up")
        try run("onsale", "seed", "demo")
        guard starts else { return }
        try startWorker()
        try startGateway()
        try await untilReady()
    }

    deinit { stop() }

    /// Ends gateways and workers as an operator would, then the servers.
    func stop() {
        for process in processes.withLock({ $0.values.sorted { $0.log.path < $1.log.path } }) {
            process.signal(SIGCONT)
            process.stop()
        }
    }

    func untilReady() async throws {
        try await eventually("the gateway and the worker answer", within: .seconds(40)) {
            guard try await status("/readyz") == 200 else { return false }
            return try await status("/readyz", port: metricsPort) == 200
        }
    }

    // MARK: Processes

    func startGateway(_ settings: [String: String] = [:]) throws {
        try start("onsale-gateway", as: "gateway", settings)
    }
    func startWorker(_ settings: [String: String] = [:]) throws { try start("onsale-worker", as: "worker", settings) }
    /// A second worker beside the first, which lives as long as the stack.
    func startSecondWorker(_ settings: [String: String] = [:]) throws {
        try start("onsale-worker", as: "second-worker", settings.merging(["METRICS_PORT": "0"]) { own, _ in own })
    }
    @discardableResult
    func endGateway(_ signal: Int32) -> Int32 { process("gateway")?.stop(signal) ?? 0 }
    @discardableResult
    func endWorker(_ signal: Int32) -> Int32 { process("worker")?.stop(signal) ?? 0 }
    func signalWorker(_ signal: Int32) { process("worker")?.signal(signal) }
    var gatewayLog: String { process("gateway")?.output ?? "" }
    var workerLog: String { process("worker")?.output ?? "" }

    /// Starts a program under a name of its own, with `settings` over those of the stack. One of that name that still
    /// runs must have been ended before.
    func start(_ program: String, as name: String, _ settings: [String: String] = [:]) throws {
        let number = started.add(1, ordering: .relaxed).newValue
        let process = try ServerProcess(
            [builtProgram(program)], environment: environment.merging(settings) { $1 },
            log: directory.appending(path: "\(name)-\(number).log"))
        processes.withLock { $0[name] = process }
    }

    func process(_ name: String) -> ServerProcess? { processes.withLock { $0[name] } }

    /// Runs a program to its end; throws with what it printed unless it exits with 0.
    @discardableResult
    func run(_ program: String, _ arguments: String...) throws -> String {
        let log = directory.appending(path: "\(program)-\(UUID().uuidString.prefix(6)).log")
        let process = try ServerProcess([builtProgram(program)] + arguments, environment: environment, log: log)
        let status = process.waitUntilExit()
        guard status == 0 else {
            throw ServerError(description: "\(program) \(arguments) exited with \(status):\n\(process.output)")
        }
        return process.output
    }

    /// Starts the load generator against this stack; its audit decides its exit status.
    func startLoad(_ arguments: [String], through url: URL? = nil) throws -> ServerProcess {
        try ServerProcess(
            [builtProgram("loadtest"), "onsale", "--url", (url ?? self.url).absoluteString] + arguments,
            environment: environment, log: directory.appending(path: "loadtest.log"))
    }
}
