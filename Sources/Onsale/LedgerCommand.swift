import ArgumentParser
import Foundation
import InventoryStore
import OrderRepository
import Ticketing

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Tells where an event's tickets are, by Postgres and by Redis.",
        discussion: """
            In flight is what Redis has given out and Postgres has not taken yet, or what Postgres has freed and Redis \
            has not got back: available (Postgres) - available (Redis). Balanced means that each ticket is in one \
            place: available, pending and sold make the capacity in Postgres, and what is in flight waits on the \
            stream or in the outbox. The two servers are read one after the other, so a reading that does not balance \
            is repeated for a second. The exit status is 1 when it stays so.
            """)

    @Argument(help: "The event's id.")
    var event: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        guard let id = EventID(event) else { throw ValidationError("\(event) is not an event id") }
        let ledger = try await Connections.withDeployment { connections in
            try await connections.withInventory { inventory in
                try await SaleLedger.repeated {
                    // Postgres first: what is accepted between the reads then shows as in flight, not as missing.
                    guard let books = try await connections.repository.ledger(of: id) else {
                        throw CommandFailure("there is no event \(id)")
                    }
                    return SaleLedger(event: id, books, try await inventory.stock(of: id))
                }
            }
        }
        print(json ? try ledger.json : ledger.text)
        guard ledger.balanced else { throw ExitCode.failure }
    }
}
