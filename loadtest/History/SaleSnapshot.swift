import Ticketing

/// What the service's books say once it has come to rest: the other half of what the audit compares.
struct SaleSnapshot: Sendable {
    /// One row of `ticket_orders` with its tickets counted.
    struct OrderRow: Sendable {
        /// Where the order stood in line and when it was committed.
        struct Line: Sendable, Equatable {
            /// The stream entry it was committed from: its time and number within that.
            var milliseconds: Int
            var number: Int
            /// Microseconds since 1970, by Postgres' clock.
            var committedAt: Int

            func isBefore(_ other: Line) -> Bool {
                (milliseconds, number) < (other.milliseconds, other.number)
            }
        }

        /// Charge and refund attempts that succeeded; amounts in minor units.
        struct Payment: Sendable, Equatable {
            /// What the order costs.
            var due = 0
            var charges = 0
            var charged = 0
            var refunds = 0
            /// What the provider has captured and not given back, by its own books; nil when they cannot be read.
            var taken: Int?
        }

        let id: OrderID
        let buyer: UserID
        let quantity: Int
        let status: OrderStatus
        /// Tickets of the order, cancelled ones not counted.
        let tickets: Int
        let payment: Payment
        /// nil when the books do not tell.
        var line: Line?
    }

    var orders: [OrderRow]
    /// `events.total_tickets` and `events.available_tickets`.
    var total: Int
    var available: Int
    /// Ticket codes of the event that occur more than once, and the orders they are on.
    var repeatedTicketCodes: Set<OrderID> = []
    var ledger: Ledger

    /// Units that Postgres holds for orders.
    var heldUnits: Int { orders.lazy.filter(\.status.holdsStock).map(\.quantity).reduce(0, +) }

    /// Units paid for.
    var soldUnits: Int {
        orders.lazy.filter { $0.status == .paid || $0.status == .confirmed }.map(\.quantity).reduce(0, +)
    }
}

/// `GET /api/admin/events/{id}/ledger`: Redis beside Postgres, in units.
struct Ledger: Codable, Sendable, Equatable {
    struct Postgres: Codable, Sendable, Equatable {
        var available: Int
        var pending: Int
        var sold: Int
        var cancelled: Int
    }

    struct Redis: Codable, Sendable, Equatable {
        var available: Int
        var inFlight: Int
    }

    var capacity: Int
    var postgres: Postgres
    /// Absent while Redis holds no stock of the event.
    var redis: Redis?
    var balanced: Bool

    /// Balanced with nothing on its way: the moment to audit.
    var isAtRest: Bool { balanced && postgres.pending == 0 && redis?.inFlight == 0 }
}
