import ArgumentParser
import InventoryStore
import OnsaleConfiguration
import OrderRepository
import Payments
import Reconciliation
import Ticketing

struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compares Redis and the payment provider with Postgres, and repairs what may be repaired.",
        discussion: """
            For each event that was ever on sale: available units, those in flight and on their way back, what buyers \
            hold, and order records that are late; for all: holds that are over, and charges that end in neither tickets \
            nor a refund. A difference counts when two comparisons in turn find the same. While a lane is busy there may \
            be no moment to compare; the lane itself compares between its batches, and /metrics of the worker tells.

            Stock is loaded anew only by the owner of the event's lane. Where a worker has it, --repair waits for that \
            worker, which repairs by itself (unless RECONCILE_REPAIR is false); where none has it, the command takes the \
            lane for the moment, and refuses while orders are on the stream, as only a worker can commit them.

            The exit status is 0 when all is balanced, 1 when drift is left, 2 when something could not be compared.
            """)

    @Argument(help: "Ids of events; all of them when none is given.")
    var events: [String] = []

    @Flag(help: "Repair what may be repaired.")
    var repair = false

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: "Seconds to wait for a moment to compare, and for a worker's repair.")
    var wait: Double = 15

    private var eventIDs: [EventID] {
        get throws {
            try events.map { text in
                guard let id = EventID(text) else { throw ValidationError("\(text) is not an event id") }
                return id
            }
        }
    }

    func run() async throws {
        _ = try eventIDs
        guard (0...3_600).contains(wait) else { throw ValidationError("--wait takes 0 to 3600 seconds") }
        let report = try await Connections.withDeployment { connections in
            let gateway = try ConfiguredPaymentGateway(
                config: connections.config, postgres: connections.postgres)
            do {
                let report = try await compare(connections, gateway)
                try await gateway.close()
                return report
            } catch {
                try await gateway.close()
                throw error
            }
        }
        print(json ? try report.json : report.text)
        guard report.status == 0 else { throw ExitCode(report.status) }
    }

    private func compare(
        _ connections: Connections, _ gateway: ConfiguredPaymentGateway
    ) async throws -> ReconciliationReport {
        let ids = try eventIDs
        // A deployment that never had a worker has no books yet.
        try await gateway.prepare()
        let hold = try connections.config.duration(
            "order.hold.seconds", default: .seconds(600), in: .seconds(1) ... .seconds(86_400))
        return try await connections.withInventory { inventory in
            try await DeploymentReconciliation(
                partitioning: connections.partitioning, store: RedisLaneStore(inventory: inventory),
                repository: PostgresLaneRepository(postgres: connections.postgres),
                charges: ChargeComparer(
                    repository: PostgresOutboxRepository(postgres: connections.postgres), gateway: gateway,
                    limit: hold + .seconds(60)),
                hold: hold, repairs: repair, patience: .seconds(wait)
            ).run(on: ids)
        }
    }
}
