import Testing

@testable import Ticketing

struct SaleLedgerTests {
    private static let event = EventID()

    private static func balanced(
        _ books: EventLedger = EventLedger(capacity: 100, available: 60, pending: 10, sold: 30, cancelled: 5),
        redis available: Int?, backlog: Int = 0
    ) -> Bool {
        let stock = available.map { Stock(available: $0, total: 100, backlog: backlog, epoch: 1, returns: 0) }
        return SaleLedger(event: event, books, stock).balanced
    }

    @Test func `What Redis lacks must be on the stream or in the outbox`() {
        #expect(Self.balanced(redis: 60))
        #expect(Self.balanced(redis: 57, backlog: 2))
        #expect(!Self.balanced(redis: 57), "three units are reserved for nobody")
        let returning = EventLedger(capacity: 100, available: 60, pending: 10, sold: 30, cancelled: 5, returning: 3)
        #expect(Self.balanced(returning, redis: 57))
    }

    @Test func `Redis never has more than Postgres, and Postgres accounts for every unit`() {
        #expect(!Self.balanced(redis: 61, backlog: 9))
        #expect(
            !Self.balanced(EventLedger(capacity: 100, available: 61, pending: 10, sold: 30, cancelled: 5), redis: 61))
        #expect(Self.balanced(redis: nil), "without Redis the books of Postgres stand alone")
    }

    @Test func `A reading between two stores that are moving is repeated`() async throws {
        let books = EventLedger(capacity: 100, available: 100, pending: 0, sold: 0, cancelled: 0)
        var readings = [98, 98, 100]
        let ledger = try await SaleLedger.repeated {
            let stock = Stock(available: readings.removeFirst(), total: 100, backlog: 0, epoch: 1, returns: 0)
            return SaleLedger(event: Self.event, books, stock)
        }
        #expect(ledger.balanced)
        #expect(readings.isEmpty)
    }
}
