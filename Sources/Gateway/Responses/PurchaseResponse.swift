import Foundation
import HTTPTypes
import NIOCore
import Ticketing

/// The `202 Accepted` of a purchase, new or replayed, written by hand.
struct PurchaseResponse: Hashable, Sendable {
    var order: OrderID
    var event: EventID
    var quantity: Int
    var total: Money
    var status: OrderStatus
    var stage: OrderStage
    var idempotencyKey: IdempotencyKey
    /// By which the order can be put back should Redis lose it; nil once Postgres has it.
    var receipt: String?
    var pollAfter: Duration
    /// Whether the order was there before this request.
    var isReplay: Bool

    func answer() -> HTTPAnswer {
        var body = ByteBuffer()
        // Fixed parts, three UUIDs and numbers have at most 400 bytes; a key of 128 characters may double by escapes.
        body.reserveCapacity(400 + 2 * idempotencyKey.text.utf8.count + (receipt?.utf8.count ?? 0))
        body.writeStaticString("{\"orderId\":\"")
        body.writeText(of: order.uuid)
        body.writeStaticString("\",\"status\":\"")
        body.writeString(status.rawValue)
        body.writeStaticString("\",\"stage\":\"")
        body.writeString(stage.rawValue)
        body.writeStaticString("\",\"eventId\":\"")
        body.writeText(of: event.uuid)
        body.writeStaticString("\",\"quantity\":")
        body.writeDecimal(Int64(quantity))
        body.writeStaticString(",\"totalPrice\":")
        body.writeJSON(total)
        body.writeStaticString(",\"idempotencyKey\":")
        body.writeJSON(idempotencyKey.text)
        if let receipt {
            body.writeStaticString(",\"receipt\":\"")
            body.writeString(receipt)
            body.writeStaticString("\"")
        }
        body.writeStaticString(",\"statusUrl\":\"/api/orders/")
        body.writeText(of: order.uuid)
        body.writeStaticString("\",\"pollAfterMs\":")
        body.writeDecimal(pollAfter.milliseconds)
        body.writeStaticString("}")

        var headers = HTTPFields()
        headers.reserveCapacity(6)
        headers.append(HTTPField(name: .contentType, value: "application/json"))
        headers.append(HTTPField(name: .contentLength, value: String(body.readableBytes)))
        headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        headers.append(HTTPField(name: .location, value: "/api/orders/" + order.description))
        headers.append(HTTPField(name: .retryAfter, value: "1"))
        if isReplay { headers.append(HTTPField(name: .idempotentReplayed, value: "true")) }
        return HTTPAnswer(status: .accepted, headers: headers, body: body, order: order)
    }
}
