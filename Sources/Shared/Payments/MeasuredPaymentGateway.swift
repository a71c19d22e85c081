package import CoreMetrics

/// A payment provider whose calls are counted by what came of them, and timed.
package struct MeasuredPaymentGateway<Base: PaymentGateway>: PaymentGateway {
    private enum Operation: String, CaseIterable {
        case charge, end, refund
    }

    private enum Outcome: String, CaseIterable {
        case captured, declined, refunded
        /// No answer, or a failure that may pass.
        case failed
        /// Refused for good.
        case refused
        /// We did not ask: too many calls waited, or the provider has failed too often lately.
        case notAsked = "not_asked"

        init(_ outcome: ChargeOutcome) {
            self =
                switch outcome {
                case .captured: .captured
                case .declined: .declined
                }
        }

        init(_ error: PaymentError) { self = error.isUnasked ? .notAsked : error.isFinal ? .refused : .failed }
    }

    private struct Handles: Sendable {
        let duration: Timer
        let attempts: [Outcome: Counter]

        init(_ operation: Operation, factory: any MetricsFactory) {
            let label = ("operation", operation.rawValue)
            duration = Timer(label: "onsale_payment_duration_seconds", dimensions: [label], factory: factory)
            let possible = Outcome.allCases.filter { outcome in
                switch outcome {
                case .captured, .declined: operation != .refund
                case .refunded: operation == .refund
                case .failed, .refused, .notAsked: true
                }
            }
            attempts = Dictionary(
                uniqueKeysWithValues: possible.map {
                    (
                        $0,
                        Counter(
                            label: "onsale_payment_attempts", dimensions: [label, ("outcome", $0.rawValue)],
                            factory: factory)
                    )
                })
        }
    }

    private let base: Base
    private let charges: Handles
    private let ends: Handles
    private let refunds: Handles

    package init(_ base: Base, factory: any MetricsFactory = MetricsSystem.factory) {
        self.base = base
        charges = Handles(.charge, factory: factory)
        ends = Handles(.end, factory: factory)
        refunds = Handles(.refund, factory: factory)
    }

    package var longestCall: Duration { base.longestCall }

    package func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try await measured(charges, Outcome.init) { () async throws(PaymentError) in try await base.charge(charge) }
    }

    package func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try await measured(ends, Outcome.init) { () async throws(PaymentError) in try await base.end(charge) }
    }

    package func refund(_ refund: Refund) async throws(PaymentError) -> String {
        try await measured(refunds, { _ in .refunded }) { () async throws(PaymentError) in
            try await base.refund(refund)
        }
    }

    package func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        try await base.captured(after: cursor, limit: limit)
    }

    private func measured<Value>(
        _ handles: Handles, _ outcome: (Value) -> Outcome, _ call: () async throws(PaymentError) -> Value
    ) async throws(PaymentError) -> Value {
        let start = ContinuousClock.now
        defer {
            let time = (ContinuousClock.now - start) / .nanoseconds(1)
            handles.duration.recordNanoseconds(Int64(time))
        }
        do throws(PaymentError) {
            let value = try await call()
            handles.attempts[outcome(value)]?.increment()
            return value
        } catch {
            handles.attempts[Outcome(error)]?.increment()
            throw error
        }
    }
}
