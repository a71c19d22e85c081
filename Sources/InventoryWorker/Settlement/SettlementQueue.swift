import OrderRepository
import Ticketing
import Tracing

/// Which orders are being paid for and which of them have an outcome: state only, no I/O.
struct SettlementQueue {
    private let capacity: Int
    private var newcomers: [Intent] = []
    private var inFlight: Set<OrderID> = []
    private var outcomes: [Settlement] = []
    /// Whose outcome is known; another one, of the charge or of its end, is late and says nothing.
    private var decided: Set<OrderID> = []
    /// Whose hold is over and whose charge is being ended.
    private var expiring: Set<OrderID> = []
    /// Those of them whose provider gave no word.
    private var unheard: [OrderID] = []
    /// Of the orders in flight those whose traces are recorded, and where in them they are.
    private var traces: [OrderID: ServiceContext] = [:]

    init(capacity: Int) { self.capacity = capacity }

    var isIdle: Bool { inFlight.isEmpty }
    var count: Int { inFlight.count }
    var room: Int { capacity - inFlight.count }

    /// Takes in orders to be charged and returns how many were new; those beyond the capacity are left to a later scan
    /// of Postgres.
    @discardableResult
    mutating func offer(_ intents: [Intent], in traces: [OrderID: ServiceContext] = [:]) -> Int {
        let before = inFlight.count
        for intent in intents where inFlight.count < capacity && inFlight.insert(intent.order).inserted {
            newcomers.append(intent)
        }
        // Also of those that the scan had found before: it knows of no traces.
        for (order, context) in traces where inFlight.contains(order) { self.traces[order] = context }
        return inFlight.count - before
    }

    mutating func takeNewcomers() -> [Intent] {
        defer { newcomers = [] }
        return newcomers
    }

    /// Those of the orders whose charge is not being ended yet, while there are fewer than `limit` whose charge is; from now
    /// on it is.
    mutating func expire(_ intents: [Intent], limit: Int) -> [Intent] {
        intents.filter { expiring.count < limit && expiring.insert($0.order).inserted }
    }

    /// How many charges are being ended.
    var expiringCount: Int { expiring.count }

    /// The provider gave no word at the end of the order's hold.
    mutating func leaveUnheard(_ order: OrderID) { unheard.append(order) }

    /// The next orders whose hold is to be ended without the provider's word.
    mutating func takeUnheard(limit: Int) -> [OrderID] {
        let batch = Array(unheard.prefix(limit))
        unheard.removeFirst(batch.count)
        return batch
    }

    /// Whether an outcome of the order's charge is still of use here.
    func isWanted(_ order: OrderID) -> Bool { inFlight.contains(order) && !decided.contains(order) }

    /// The first outcome of an order counts: two in one batch would leave it to Postgres which one is taken.
    mutating func complete(_ settlement: Settlement) {
        if decided.insert(settlement.order.id).inserted { outcomes.append(settlement) }
    }

    /// The next outcomes to commit.
    mutating func takeOutcomes(limit: Int) -> [Settlement] {
        let batch = Array(outcomes.prefix(limit))
        outcomes.removeFirst(batch.count)
        return batch
    }

    /// Where in their traces those of the orders are that are recorded.
    func contexts(of orders: some Sequence<OrderID>) -> [ServiceContext] {
        traces.isEmpty ? [] : orders.compactMap { traces[$0] }
    }

    /// Orders that are done with: settled, and Redis was told; or left to a later scan.
    mutating func finish(_ orders: [OrderID]) {
        inFlight.subtract(orders)
        expiring.subtract(orders)
        decided.subtract(orders)
        if !traces.isEmpty { for order in orders { traces[order] = nil } }
    }

    /// Forgets the charges under way, which were cancelled and are found in Postgres again.
    mutating func restart() { self = SettlementQueue(capacity: capacity) }
}
