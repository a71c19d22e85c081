import Foundation
import NIOHTTP1
import Synchronization
import Ticketing

@testable import LoadTest

/// A service in the test's own process that sells tickets as ours does, or breaks one promise on purpose.
final class Shop: Sendable {
    enum Fault: CaseIterable {
        /// Sells one ticket more than there is.
        case oversells
        /// Forgets one order that it has accepted.
        case losesAnOrder
        /// Takes the second sending of a key for a new order.
        case repeatsOrders
        /// Shows orders as pending again after their end.
        case answersAnOldStatus
        /// Serves those first who came last.
        case ignoresTheLine
        /// Says `sold_out` while half of the tickets are left.
        case liesAboutSoldOut
        /// Sells one buyer more than the limit.
        case ignoresTheLimit
    }

    private struct Order {
        let quantity: Int
        var isFinal = false
        var timesShownFinal = 0
    }

    private struct State {
        var available: Int
        var orders: [String: Order] = [:]
        var orderOfKey: [String: String] = [:]
        var unitsOfBuyer: [String: Int] = [:]
        /// Accepted orders that were not served yet.
        var line: [String] = []
        var servedUntil = ContinuousClock.now
        var hasOversold = false
    }

    let tickets: Int
    let limit: Int
    private let fault: Fault?
    /// Time that serving one order takes.
    private let pace: Duration
    private let state: Mutex<State>

    init(tickets: Int, limit: Int = 4, breaking fault: Fault? = nil, pace: Duration = .milliseconds(1)) {
        self.tickets = tickets
        self.limit = limit
        self.fault = fault
        self.pace = pace
        self.state = Mutex(State(available: tickets))
    }

    func answer(_ request: StandInServer.Request) -> StandInServer.Answer {
        state.withLock { state in
            serve(&state)
            if request.isPurchase { return purchase(request, &state) }
            return order(String(request.path.dropFirst("/api/orders/".count)), &state)
        }
    }

    private func serve(_ state: inout State) {
        let now = ContinuousClock.now
        while !state.line.isEmpty, state.servedUntil + pace <= now {
            state.servedUntil += pace
            let next = fault == .ignoresTheLine ? state.line.removeLast() : state.line.removeFirst()
            state.orders[next]?.isFinal = true
        }
        if state.line.isEmpty { state.servedUntil = now }
    }

    private func purchase(_ request: StandInServer.Request, _ state: inout State) -> StandInServer.Answer {
        let quantity = request.body.firstMatch(of: /"quantity":(\d+)/).flatMap { Int($0.1) } ?? 0
        let buyer = request.headers.first(name: "authorization") ?? ""
        if let known = state.orderOfKey[request.key], fault != .repeatsOrders { return accepted(known) }
        guard state.unitsOfBuyer[buyer, default: 0] + quantity <= limit || fault == .ignoresTheLimit else {
            return .reply(409, body: #"{"code":"limit_exceeded"}"#)
        }
        let kept = fault == .liesAboutSoldOut ? tickets / 2 : 0
        if state.available - quantity < kept {
            guard fault == .oversells, !state.hasOversold else { return .reply(409, body: #"{"code":"sold_out"}"#) }
            state.hasOversold = true
        }
        let id = SampleSale.order(state.orders.count).description
        state.available -= quantity
        state.unitsOfBuyer[buyer, default: 0] += quantity
        state.orderOfKey[request.key] = id
        state.orders[id] = Order(quantity: quantity)
        state.line.append(id)
        return accepted(id)
    }

    private func accepted(_ id: String) -> StandInServer.Answer {
        .reply(202, body: #"{"orderId":"\#(id)","status":"pending","stage":"queued"}"#)
    }

    private func order(_ id: String, _ state: inout State) -> StandInServer.Answer {
        let isLost = fault == .losesAnOrder && id == SampleSale.order(3).description
        guard let order = state.orders[id], !isLost else { return .reply(404, body: #"{"code":"not_found"}"#) }
        guard order.isFinal else {
            return .reply(200, body: #"{"status":"pending","stage":"queued","pollAfterMs":20}"#)
        }
        state.orders[id]?.timesShownFinal += 1
        if fault == .answersAnOldStatus, order.timesShownFinal > 0 {
            return .reply(200, body: #"{"status":"pending","stage":"payment"}"#)
        }
        return .reply(200, body: #"{"status":"confirmed","stage":"completed"}"#)
    }
}
