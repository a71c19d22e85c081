import ArgumentParser
import Foundation
import InventoryStore
import OrderRepository
import Ticketing

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Tells where an event's tickets are, by Postgres and by Redis.",
        discussion: """
            In flight is what Redis has given out and Postgres has not taken yet: capacity - available (Redis) - pending \
            - sold (Postgres). Balanced means that each ticket is in one place: available, pending and sold make the \
            capacity in Postgres, and none is in flight below zero. The two servers are read one after the other, so a \
            reading that does not balance is repeated for a second. The exit status is 1 when it stays so.
            """)

    /// A change of the capacity reaches Redis within a second (DESIGN §4); a sale moves on between two reads.
    private static let readings = 6
    private static let pause: Duration = .milliseconds(200)

    @Argument(help: "The event's id.")
    var event: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        guard let id = EventID(event) else { throw ValidationError("\(event) is not an event id") }
        let report = try await Connections.withDeployment { connections in
            try await connections.withInventory { inventory in
                var report = try await Self.read(id, connections, inventory)
                for _ in 1..<Self.readings where !report.balanced {
                    try await Task.sleep(for: Self.pause)
                    report = try await Self.read(id, connections, inventory)
                }
                return report
            }
        }
        print(json ? try report.json : report.text)
        guard report.balanced else { throw ExitCode.failure }
    }

    /// Postgres first: what is accepted between the reads then shows as in flight, not as missing.
    private static func read(
        _ id: EventID, _ connections: Connections, _ inventory: some InventoryStore
    ) async throws -> LedgerReport {
        guard let ledger = try await connections.repository.ledger(of: id) else {
            throw CommandFailure("there is no event \(id)")
        }
        return LedgerReport(event: id, ledger: ledger, stock: try await inventory.stock(of: id))
    }
}
