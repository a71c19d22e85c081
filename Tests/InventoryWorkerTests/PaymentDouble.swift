import Payments
import Synchronization
import Ticketing

/// A provider that declines `pm_declined`, accepts all else, and answers when the test lets it.
final class PaymentDouble: PaymentGateway {
    private struct State {
        var charges: [Charge] = []
        var failures = 0
        /// Orders whose charge was captured, and those whose charge was ended.
        var captured: Set<OrderID> = []
        var ended: Set<OrderID> = []
        /// What was given back, by key.
        var refunds: [String: Refund] = [:]
        var refused: Set<OrderID> = []
        var isAway = false
        var isCrowded = false
        var unasked = 0
        var isHeld: Set<OrderID> = []
        var waiting: [OrderID: [AsyncStream<Void>.Continuation]] = [:]

        func outcome(of order: OrderID) -> ChargeOutcome {
            captured.contains(order) ? .captured(reference: "test_\(order)") : .declined(reference: "test_\(order)")
        }
    }

    private let state = Mutex(State())

    /// While away the provider answers nothing.
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// While crowded no end comes to its turn.
    func setCrowded(_ isCrowded: Bool) { state.withLock { $0.isCrowded = isCrowded } }

    /// Ends that came in vain while it was crowded.
    var unasked: Int { state.withLock { $0.unasked } }

    /// Captures behind the lane's back, as a charge does whose answer was lost.
    func capture(_ order: OrderID) { state.withLock { _ = $0.captured.insert(order) } }

    /// From now on this order's refund is refused for good.
    func refuseRefund(of order: OrderID) { state.withLock { _ = $0.refused.insert(order) } }

    /// Orders that something was given back for.
    var refunds: [OrderID] { state.withLock { $0.refunds.values.map(\.order) } }

    /// How much was given back under a key.
    func refunded(_ key: String) -> Money? { state.withLock { $0.refunds[key]?.amount } }

    /// Every charge that was asked for, repeated ones too.
    var charges: [Charge] { state.withLock { $0.charges } }

    /// The next `count` charges give no outcome.
    func failNext(_ count: Int) { state.withLock { $0.failures = count } }

    /// Charges of this order wait until `release`, or until they are cancelled.
    func hold(_ order: OrderID) { state.withLock { _ = $0.isHeld.insert(order) } }

    func release(_ order: OrderID) {
        let waiting = state.withLock { state in
            state.isHeld.remove(order)
            return state.waiting.removeValue(forKey: order) ?? []
        }
        for continuation in waiting { continuation.finish() }
    }

    func isWaiting(_ order: OrderID) -> Bool { state.withLock { $0.waiting[order] != nil } }

    func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        let (fails, gate) = state.withLock { state -> (Bool, AsyncStream<Void>?) in
            state.charges.append(charge)
            if state.failures > 0 {
                state.failures -= 1
                return (true, nil)
            }
            guard state.isHeld.contains(charge.order) else { return (false, nil) }
            let (gate, continuation) = AsyncStream<Void>.makeStream()
            state.waiting[charge.order, default: []].append(continuation)
            return (false, gate)
        }
        if fails { throw PaymentError("no outcome, as the test wants it") }
        if let gate {
            for await _ in gate {}
            if Task.isCancelled { throw PaymentError("cancelled") }
        }
        let isCaptured = charge.method.text != "pm_declined"
        return try state.withLock { state throws(PaymentError) in
            if state.isAway { throw PaymentError("away") }
            if isCaptured && !state.ended.contains(charge.order) { state.captured.insert(charge.order) }
            return state.outcome(of: charge.order)
        }
    }

    func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try state.withLock { state throws(PaymentError) in
            if state.isCrowded {
                state.unasked += 1
                throw PaymentError("crowded", isUnasked: true)
            }
            if state.isAway { throw PaymentError("away") }
            state.ended.insert(charge.order)
            return state.outcome(of: charge.order)
        }
    }

    func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        try state.withLock { state throws(PaymentError) in
            if state.isAway { throw PaymentError("away") }
            let keys = state.captured.subtracting(state.refunds.values.map(\.order)).map(\.description).filter {
                $0 > cursor ?? ""
            }
            .sorted()
            let page = Array(keys.prefix(limit))
            return CapturedPage(orders: page.compactMap { OrderID($0) }, next: page.count == limit ? page.last : nil)
        }
    }

    func refund(_ refund: Refund) async throws(PaymentError) -> String {
        let order = refund.order
        return try state.withLock { state throws(PaymentError) in
            if state.isAway { throw PaymentError("away") }
            if state.refused.contains(order) { throw PaymentError("the charge is too old", isFinal: true) }
            guard state.captured.contains(order) else { throw PaymentError("nothing was captured", isFinal: true) }
            state.refunds[refund.key] = refund
            return "refund_\(refund.key)"
        }
    }
}
