import Foundation
import NIOCore
import Ticketing

/// Sends keys again after the load: the same body must give the same order, another body must be refused (invariant I7,
/// pitfall P33).
struct KeyReplayer: Sendable {
    let client: RequestClient
    let event: EventID
    let limitPerBuyer: Int
    let deadline: NIODeadline

    func replay(_ purchase: Purchase, token: String) async throws -> KeyReplay? {
        guard let order = purchase.order else { return nil }
        let same = try await send(purchase, purchase.quantity, purchase.paymentMethod, token)
        // The other body is a valid one, so that nothing but the key can be what is wrong with it.
        let quantity = purchase.quantity > 1 ? purchase.quantity - 1 : min(2, limitPerBuyer)
        let method =
            quantity != purchase.quantity
            ? purchase.paymentMethod
            : purchase.paymentMethod == Demand.declinedMethod ? "pm_accepted" : Demand.declinedMethod
        let other = try await send(purchase, quantity, method, token)
        var code: String?
        if case .refused(let refusal) = PurchaseAnswer(other) { code = refusal }
        return KeyReplay(
            order: order, sameBody: PurchaseAnswer(same), otherBodyStatus: other.status, otherBodyCode: code)
    }

    private func send(
        _ purchase: Purchase, _ quantity: Int, _ method: String, _ token: String
    ) async throws -> HTTPReply {
        let body = #"{"eventId":"\#(event)","quantity":\#(quantity),"paymentMethod":"\#(method)"}"#
        return try await client.sendUntilAnswered(
            "POST", "/api/tickets/purchase", token: token, headers: [("Idempotency-Key", purchase.key.text)],
            body: Array(body.utf8), deadline: deadline)
    }
}
