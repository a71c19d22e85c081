import OrderRepository
import Ticketing

/// Which orders are being paid for and which of them have an outcome: state only, no I/O.
struct SettlementQueue {
    private let capacity: Int
    private var newcomers: [Intent] = []
    private var inFlight: Set<OrderID> = []
    private var outcomes: [Settlement] = []
    /// Taken to be committed, and nothing heard of it yet.
    private var committing: Set<OrderID> = []
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
        committing.formUnion(batch.map(\.order.id))
        return batch
    }

    /// Orders that were settled in Postgres, and as what; one that is gone from there is left out of `orders`.
    mutating func settled(_ ids: [OrderID], as orders: [SettledOrder]) {
        inFlight.subtract(ids)
        resolved(ids, as: orders)
    }

    /// Orders whose settlement got no answer: it may have been committed, and then Redis must still be told.
    var uncertain: [OrderID] { Array(committing) }

    /// How uncertain orders turned out to stand; those that are still pending are left out of `orders`.
    mutating func resolved(_ ids: [OrderID], as orders: [SettledOrder]) {
        committing.subtract(ids)
        unpublished += orders
    }

    /// Forgets the charges under way, which were cancelled and are found in Postgres again, and keeps what must still
    /// be published or resolved.
    mutating func restart() {
        newcomers = []
        inFlight = []
        outcomes = []
    }

    var toPublish: [SettledOrder] { unpublished }

    mutating func published(_ count: Int) { unpublished.removeFirst(count) }
}
