import OrderRepository
import Ticketing

/// Which orders are being paid for and which of them have an outcome: state only, no I/O.
struct SettlementQueue {
    private let capacity: Int
    private var newcomers: [Intent] = []
    private var inFlight: Set<OrderID> = []
    private var outcomes: [Settlement] = []
    /// Settled in Postgres, not yet told to Redis.
    private var unpublished: [SettledOrder] = []

    init(capacity: Int) { self.capacity = capacity }

    var isIdle: Bool { inFlight.isEmpty && unpublished.isEmpty }
    var room: Int { capacity - inFlight.count }
    var inFlightCount: Int { inFlight.count }

    /// Takes in orders to be charged; those beyond the capacity are left to a later scan of Postgres.
    mutating func offer(_ intents: [Intent]) {
        for intent in intents where inFlight.count < capacity && !inFlight.contains(intent.order) {
            inFlight.insert(intent.order)
            newcomers.append(intent)
        }
    }

    mutating func takeNewcomers() -> [Intent] {
        defer { newcomers = [] }
        return newcomers
    }

    mutating func complete(_ settlement: Settlement) { outcomes.append(settlement) }

    /// The next outcomes to commit.
    mutating func takeOutcomes(limit: Int) -> [Settlement] {
        let batch = Array(outcomes.prefix(limit))
        outcomes.removeFirst(batch.count)
        return batch
    }

    /// Orders that Postgres has settled, as they stand there.
    mutating func settled(_ orders: [SettledOrder]) {
        for order in orders { inFlight.remove(order.id) }
        unpublished += orders
    }

    /// Forgets all but what must still be published: charges under way were cancelled and are found in Postgres again.
    mutating func restart() {
        newcomers = []
        inFlight = []
        outcomes = []
    }

    var toPublish: [SettledOrder] { unpublished }

    mutating func published(_ count: Int) { unpublished.removeFirst(count) }
}
