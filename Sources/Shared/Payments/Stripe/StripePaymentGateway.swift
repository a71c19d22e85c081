import Foundation
import Ticketing

/// Charges by Stripe's PaymentIntents (https://docs.stripe.com/api/payment_intents), one for each order.
///
/// An order's intent is created under the order id as idempotency key and without being confirmed, so whoever creates
/// it is given the same one, and nothing is charged by that. It is then confirmed, or cancelled, and Stripe does one
/// thing at a time with an intent: a cancelled one can never be captured, a captured one never be cancelled. That is
/// what makes `end` final, whatever requests are still on their way: one that comes later finds the intent as it was
/// left. A request that created and confirmed at once could not be ended before it has come.
///
/// Only cards are accepted, and nothing that the buyer would have to do (3-D Secure): there is nobody to ask at that
/// moment. Stripe declines those (`error_on_requires_action`). A declined intent is cancelled before the outcome is
/// told, since it could be confirmed again otherwise.
///
/// Stripe keeps a key for 24 hours. Charges are begun within an order's hold, which is far shorter; `end`, which may
/// come later, looks for an older intent when its key turned out to be new. What was kept under a key may be a failure
/// of Stripe's own (5xx), which stays: then nobody has been given an intent, and the next of some keys is taken.
///
/// A refund of a card may fail long after it has succeeded: the bank has sent the money back. Its metadata say which
/// refund of ours it is, so it is found as it stands now whenever it is asked for, and made again under the key of the
/// next generation only.
package final class StripePaymentGateway: PaymentGateway {
    private enum Intent {
        /// - Parameter isNew: Whether this very request has created it.
        case created(id: String, isNew: Bool)
        /// Stripe will never charge this amount.
        case refused(code: String)
    }

    /// A call waits for its turn as long as it may take then.
    package var longestCall: Duration { callTime * 2 }

    private let client: StripeClient
    private let callTime: Duration
    private let charges: CallSlots
    private let endings: CallSlots
    /// For refunds and for reading the books.
    private let others: CallSlots

    /// Keys that are tried for one order, or for one refund.
    private static let keys = 4

    package init(configuration: StripeConfiguration) {
        self.client = StripeClient(configuration: configuration)
        self.callTime = configuration.callTime
        self.charges = CallSlots(count: configuration.connections - configuration.endings - configuration.others)
        self.endings = CallSlots(count: configuration.endings)
        self.others = CallSlots(count: configuration.others)
    }

    /// Closes the connections. To be called once, after everything that charges has ended.
    package func close() async throws { try await client.close() }

    package func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try await charges.run(patience: callTime) { () async throws(PaymentError) in
            let deadline = ContinuousClock.now + callTime
            switch try await intent(for: charge, by: deadline) {
            case .refused(let code): return .declined(reference: code)
            case .created(let id, _): return try await confirm(id, charge.method, by: deadline)
            }
        }
    }

    package func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try await endings.run(patience: callTime) { () async throws(PaymentError) in
            let deadline = ContinuousClock.now + callTime
            switch try await intent(for: charge, by: deadline) {
            case .refused(let code): return .declined(reference: code)
            case .created(let id, let isNew):
                let outcome = try await cancel(id, by: deadline)
                guard isNew, case .declined = outcome else { return outcome }
                let captured = try await search(charge.order, by: deadline).first { $0.status == "succeeded" }
                return captured.map { .captured(reference: $0.id) } ?? outcome
            }
        }
    }

    package func refund(_ refund: Refund) async throws(PaymentError) -> String {
        try await others.run(patience: callTime) { () async throws(PaymentError) in
            let deadline = ContinuousClock.now + callTime
            for number in 0..<Self.keys {
                if let made = try await made(refund, by: deadline) { return try Self.reference(of: made) }
                let suffix = number == 0 ? "" : "-\(number)"
                let reply = try await client.send(
                    .post(
                        "/v1/refunds",
                        [
                            "payment_intent": refund.charge, "amount": "\(refund.amount.amount)",
                            "metadata[order_id]": refund.order.description, "metadata[refund_key]": refund.key,
                            "metadata[refund_generation]": "\(refund.generation)",
                        ], key: "refund-\(refund.key)-\(refund.generation)\(suffix)"), by: deadline)
                if reply.status >= 500, reply.isReplayed { continue }
                guard reply.isSuccess else { throw Self.refusal(reply) }
                return try Self.reference(of: try reply.decode(StripeRefund.self))
            }
            throw PaymentError("Stripe has failed to make a refund of order \(refund.order)")
        }
    }

    package func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        try await others.run(patience: callTime) { () async throws(PaymentError) in
            let deadline = ContinuousClock.now + callTime
            let begin = Int(Date(timeIntervalSinceNow: -StripeConfiguration.booksAge).timeIntervalSince1970)
            var page = CapturedPage(orders: [], next: cursor)
            var count = 0
            repeat {
                let size = min(limit - count, StripeConfiguration.pageItems)
                let place = page.next.map { "&starting_after=\($0)" } ?? ""
                let list = try await success(
                    .get(
                        "/v1/payment_intents?limit=\(size)&created[gte]=\(begin)&expand[]=data.latest_charge\(place)"
                            .replacing("[", with: "%5B").replacing("]", with: "%5D")),
                    by: deadline, as: StripeList<StripeIntent>.self)
                page.orders += list.data.compactMap(Self.unreturned)
                page.next = list.hasMore ? list.data.last?.id : nil
                count += list.data.count
            } while page.next != nil && count < limit
            return page
        }
    }

    /// The refund that was made under this key, or has failed under this generation of it or a later one. Keys are kept
    /// for a day, refunds of a charge for ever.
    private func made(
        _ refund: Refund, by deadline: ContinuousClock.Instant
    ) async throws(PaymentError) -> StripeRefund? {
        let path = "/v1/refunds?limit=\(StripeConfiguration.pageItems)&payment_intent=\(refund.charge)"
        let list = try await success(.get(path), by: deadline, as: StripeList<StripeRefund>.self)
        let made = list.data.filter { $0.metadata?["refund_key"] == refund.key }
        return made.first { !$0.hasFailed } ?? made.first { $0.generation >= refund.generation }
    }

    // MARK: - An order's intent

    /// Creates the order's intent, or finds the one that was created.
    private func intent(for charge: Charge, by deadline: ContinuousClock.Instant) async throws(PaymentError) -> Intent {
        let form: FormBody = [
            "amount": "\(charge.amount.amount)", "currency": charge.amount.currency.rawValue.lowercased(),
            "payment_method_types[]": "card", "metadata[order_id]": charge.order.description,
        ]
        for number in 0..<Self.keys {
            let key = number == 0 ? charge.order.description : "\(charge.order)-\(number)"
            let reply = try await client.send(.post("/v1/payment_intents", form, key: key), by: deadline)
            if reply.isSuccess {
                let intent = try reply.decode(StripeIntent.self)
                return .created(id: intent.id, isNew: !reply.isReplayed)
            }
            if reply.status >= 500, reply.isReplayed { continue }
            switch (reply.failure?.type, reply.failure?.code) {
            case (_, "amount_too_small"?), (_, "amount_too_large"?):
                return .refused(code: reply.failure?.code ?? "")
            case ("idempotency_error"?, _):
                // Created by a version of this program that sent other parameters.
                guard let intent = try await search(charge.order, by: deadline).first else {
                    throw PaymentError("the intent of order \(charge.order) is not to be found yet")
                }
                return .created(id: intent.id, isNew: false)
            default: throw Self.refusal(reply)
            }
        }
        throw PaymentError("Stripe has failed to create an intent for order \(charge.order)")
    }

    private func confirm(
        _ id: String, _ method: PaymentMethod, by deadline: ContinuousClock.Instant
    ) async throws(PaymentError) -> ChargeOutcome {
        // Without a key: the intent's state is what makes repetition harmless, and an answer that was kept would be
        // old.
        let reply = try await client.send(
            .post(
                "/v1/payment_intents/\(id)/confirm",
                ["payment_method": method.text, "error_on_requires_action": "true"]), by: deadline)
        if reply.isSuccess { return try await outcome(of: try reply.decode(StripeIntent.self), by: deadline) }
        if let intent = reply.failure?.intent, let outcome = try Self.outcome(of: intent) { return outcome }
        guard Self.isDecline(reply) else { throw Self.refusal(reply) }
        return try await cancel(id, by: deadline)
    }

    /// Whether it is the buyer's payment method that will not do: any other refusal is ours to mend, and no buyer's
    /// fault.
    private static func isDecline(_ reply: StripeClient.Reply) -> Bool {
        guard reply.status == 400 else { return reply.status == 402 }
        return reply.failure?.param == "payment_method" || reply.failure?.code == "resource_missing"
    }

    /// An intent that waits for something is cancelled: it waits for nobody.
    private func outcome(
        of intent: StripeIntent, by deadline: ContinuousClock.Instant
    ) async throws(PaymentError) -> ChargeOutcome {
        if let outcome = try Self.outcome(of: intent) { return outcome }
        return try await cancel(intent.id, by: deadline)
    }

    private func cancel(_ id: String, by deadline: ContinuousClock.Instant) async throws(PaymentError) -> ChargeOutcome
    {
        let reply = try await client.send(
            .post("/v1/payment_intents/\(id)/cancel", ["cancellation_reason": "abandoned"]), by: deadline)
        let intent: StripeIntent?
        if reply.isSuccess {
            intent = try reply.decode(StripeIntent.self)
        } else if reply.status == 400 {
            intent = reply.failure?.intent
        } else {
            throw Self.refusal(reply)
        }
        guard let intent, let outcome = try Self.outcome(of: intent) else {
            throw PaymentError("intent \(id) was not cancelled: \(reply.reason)")
        }
        return outcome
    }

    /// Intents of an order by Stripe's index, which follows within a minute, and within an hour when Stripe is in
    /// trouble.
    private func search(
        _ order: OrderID, by deadline: ContinuousClock.Instant
    ) async throws(PaymentError) -> [StripeIntent] {
        let query = "metadata%5B%27order_id%27%5D%3A%27\(order)%27"
        let path = "/v1/payment_intents/search?limit=\(StripeConfiguration.pageItems)&query=\(query)"
        return try await success(.get(path), by: deadline, as: StripeList<StripeIntent>.self).data
    }

    // MARK: - Answers

    private func success<Value: Decodable>(
        _ request: StripeClient.Request, by deadline: ContinuousClock.Instant, as type: Value.Type
    ) async throws(PaymentError) -> Value {
        let reply = try await client.send(request, by: deadline)
        guard reply.isSuccess else { throw Self.refusal(reply) }
        return try reply.decode(type)
    }

    /// nil while there is none.
    private static func outcome(of intent: StripeIntent) throws(PaymentError) -> ChargeOutcome? {
        switch intent.status {
        case "succeeded": .captured(reference: intent.id)
        case "canceled": .declined(reference: intent.id)
        case "processing": throw PaymentError("intent \(intent.id) is being processed")
        default: nil
        }
    }

    private static func reference(of refund: StripeRefund) throws(PaymentError) -> String {
        if refund.status == "succeeded" { return refund.id }
        throw PaymentError(
            "refund \(refund.id) is \(refund.status ?? "without a state")", isFinal: refund.hasFailed,
            failedRefund: refund.hasFailed ? refund.id : nil)
    }

    /// The order of a charge that was captured and has not been given back in full.
    private static func unreturned(_ intent: StripeIntent) -> OrderID? {
        guard intent.status == "succeeded", let order = intent.metadata?["order_id"].flatMap({ OrderID($0) }) else {
            return nil
        }
        if case .charge(let charge) = intent.latestCharge, charge.refunded { return nil }
        return order
    }

    /// What Stripe refuses as wrong stays so; a key that is not accepted is mended by a person, and so is tried again.
    private static func refusal(_ reply: StripeClient.Reply) -> PaymentError {
        let isFinal = reply.status == 400 || reply.status == 402 || reply.status == 404
        return PaymentError(reply.reason, isFinal: isFinal)
    }
}
