import OrderRepository
import Payments
import Ticketing

/// The payment provider's books, which outlive every process.
///
/// The method decides: `pm_accepted` and `pm_slow` are captured, `pm_error_then_accepted` fails once, all else is
/// declined. `@unchecked Sendable` as the scheduler is: one thread only.
final class SimulatedProvider: @unchecked Sendable {
    enum Status { case failed, captured, declined }

    struct Book {
        let amount: Money?
        var status: Status
        /// What was given back, by key.
        var refunds: [String: Int64] = [:]

        var isRefunded: Bool { !refunds.isEmpty && refunds.values.reduce(0, +) >= amount?.amount ?? 0 }
    }

    private(set) var books: [OrderID: Book] = [:]

    func book(of order: OrderID) -> Book? { books[order] }

    func charge(_ charge: Charge) throws(PaymentError) -> ChargeOutcome {
        switch books[charge.order]?.status {
        case .captured, .declined: break
        case .failed: books[charge.order]?.status = .captured
        case nil:
            let status: Status =
                switch charge.method.text {
                case "pm_accepted", "pm_slow": .captured
                case "pm_error_then_accepted": .failed
                default: .declined
                }
            books[charge.order] = Book(amount: charge.amount, status: status)
        }
        guard let outcome = outcome(of: charge.order) else { throw PaymentError("the provider failed") }
        return outcome
    }

    func end(_ charge: Charge) throws(PaymentError) -> ChargeOutcome {
        let order = charge.order
        if books[order]?.status ?? .failed == .failed {
            books[order] = Book(amount: books[order]?.amount, status: .declined)
        }
        guard let outcome = outcome(of: order) else { throw PaymentError("the provider failed") }
        return outcome
    }

    func refund(_ refund: Refund) throws(PaymentError) -> String {
        guard let book = books[refund.order], book.status == .captured, let amount = book.amount?.amount else {
            throw PaymentError("nothing was captured")
        }
        if book.refunds[refund.key] == nil {
            guard book.refunds.values.reduce(0, +) + refund.amount.amount <= amount else {
                throw PaymentError("less is left of the charge", isFinal: true)
            }
            books[refund.order]?.refunds[refund.key] = refund.amount.amount
        }
        return "refund-\(refund.key)"
    }

    func captured(after cursor: String?, limit: Int) -> CapturedPage {
        let keys = books.filter { $0.value.status == .captured && !$0.value.isRefunded }.map(\.key.description)
            .filter { $0 > cursor ?? "" }.sorted()
        let page = Array(keys.prefix(limit))
        return CapturedPage(orders: page.compactMap { OrderID($0) }, next: page.count == limit ? page.last : nil)
    }

    private func outcome(of order: OrderID) -> ChargeOutcome? {
        switch books[order]?.status {
        case .captured: .captured(reference: "charge-\(order)")
        case .declined: .declined(reference: "charge-\(order)")
        case .failed, nil: nil
        }
    }
}

/// The provider as one process reaches it: slow, and now and then without an answer.
struct SimulatedPayments: PaymentGateway {
    let world: World
    let process: SimulatedProcess

    func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        do { try await world.scheduler.sleep(world.chargeTime(of: charge.method)) } catch {
            throw PaymentError("the caller is cancelled")
        }
        return try await call("charge") { [world] () async throws(PaymentError) in
            world.auditor.expect(
                world.auditor.accepted[charge.order]?.total == charge.amount, .i8,
                "\(charge.order) is charged with \(charge.amount)")
            world.auditor.expect(
                world.repository.image.order(charge.order) != nil, .i8,
                "\(charge.order) is charged before it is committed")
            return try world.provider.charge(charge)
        }
    }

    func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        try await call("end") { [world] () async throws(PaymentError) in try world.provider.end(charge) }
    }

    func refund(_ refund: Refund) async throws(PaymentError) -> String {
        try await call("refund") { [world] () async throws(PaymentError) in try world.provider.refund(refund) }
    }

    func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        try await call("captured") { [world] () async throws(PaymentError) in
            world.provider.captured(after: cursor, limit: limit)
        }
    }

    private func call<Value: Sendable>(
        _ name: StaticString, _ effect: @escaping @Sendable () async throws(PaymentError) -> Value
    ) async throws(PaymentError) -> Value {
        try await world.network.call(
            name, from: process, to: .provider, failure: { _ in PaymentError("no answer") }, effect)
    }
}
