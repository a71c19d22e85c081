import Ticketing

/// What the service's books say once it has come to rest: the other half of what the audit compares.
struct SaleSnapshot: Sendable {
    /// One row of `ticket_orders` with its tickets counted.
    struct OrderRow: Sendable {
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
struct Ledger: Decodable, Sendable, Equatable {
    struct Postgres: Decodable, Sendable, Equatable {
        var available: Int
        var pending: Int
        var sold: Int
        var cancelled: Int
    }

    struct Redis: Decodable, Sendable, Equatable {
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
