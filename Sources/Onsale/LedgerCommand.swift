import ArgumentParser
import Foundation
import InventoryStore
import OrderRepository
import Ticketing

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Tells where an event's tickets are, by Postgres and by Redis.",
        discussion: """
            In flight is what Redis has given out and Postgres has not taken yet: capacity - pending - sold (Postgres) \
            - available (Redis). Balanced means that each ticket is in one place and none is in flight below zero. The \
            exit status is 1 when it is not.
            """)

    @Argument(help: "The event's id.")
    var event: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        guard let id = EventID(event) else { throw ValidationError("\(event) is not an event id") }
        let report = try await Connections.with { connections in
            let stock = try await connections.withInventory { try await $0.stock(of: id) }
            guard let ledger = try await connections.repository.ledger(of: id) else {
                throw CommandFailure("there is no event \(id)")
            }
            return LedgerReport(event: id.description, ledger: ledger, stock: stock)
        }
        print(json ? try report.json : report.text)
        guard report.balanced else { throw ExitCode.failure }
    }
}

struct LedgerReport: Encodable {
    struct Postgres: Encodable { let available, pending, sold, cancelled: Int }
    struct Redis: Encodable {
        let available, inFlight: Int
        let epoch: Int64
    }

    let eventId: String
    let capacity: Int
    let postgres: Postgres
    /// nil when no stock is loaded.
    let redis: Redis?
    let balanced: Bool

    init(event: String, ledger: EventLedger, stock: Stock?) {
        eventId = event
        capacity = ledger.capacity
        postgres = Postgres(
            available: ledger.available, pending: ledger.pending, sold: ledger.sold, cancelled: ledger.cancelled)
        redis = stock.map {
            Redis(
                available: $0.available, inFlight: ledger.capacity - ledger.pending - ledger.sold - $0.available,
                epoch: $0.epoch)
        }
        balanced = ledger.isBalanced && (redis.map { $0.inFlight >= 0 } ?? true)
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var text: String {
        """
        event      \(eventId)
        capacity   \(capacity)
        postgres   available \(postgres.available), pending \(postgres.pending), sold \(postgres.sold), \
        cancelled \(postgres.cancelled)
        redis      \(redis.map { "available \($0.available), in flight \($0.inFlight), epoch \($0.epoch)" } ?? "not loaded")
        balanced   \(balanced ? "yes" : "no")
        """
    }
}
