import Foundation
import NIOCore
import Ticketing

/// Writes the two requests of the hot path from parts prepared once.
struct RequestWriter {
    private struct Body: Hashable {
        let quantity: Int
        let paymentMethod: String
    }

    private let allocator = ByteBufferAllocator()
    private let event: EventID
    private let authority: String
    /// Everything before the buyer's token.
    private let purchaseHead: String
    /// Everything between the order's id and the buyer's token.
    private let pollMiddle: String
    /// Everything behind the key: length and body. A handful of kinds exist, by quantity and payment method.
    private var tails: [Body: String] = [:]

    /// Asks polls to be held for `wait` seconds.
    init(event: EventID, authority: String, wait: Int) {
        self.event = event
        self.authority = authority
        self.purchaseHead = """
            POST /api/tickets/purchase HTTP/1.1\r
            Host: \(authority)\r
            Content-Type: application/json\r
            Authorization: Bearer \

            """
        self.pollMiddle = "?wait=\(wait) HTTP/1.1\r\nHost: \(authority)\r\nAuthorization: Bearer "
    }

    mutating func purchase(_ purchase: Purchase, token: String) -> ByteBuffer {
        let body = Body(quantity: purchase.quantity, paymentMethod: purchase.paymentMethod)
        let tail = tails[body] ?? makeTail(body)
        var bytes = allocator.buffer(
            capacity: purchaseHead.utf8.count + token.utf8.count + 56 + tail.utf8.count)
        bytes.writeString(purchaseHead)
        bytes.writeString(token)
        bytes.writeString("\r\nIdempotency-Key: ")
        bytes.writeString(purchase.key.text)
        bytes.writeString(tail)
        return bytes
    }

    func poll(_ order: OrderID, token: String, etag: String?) -> ByteBuffer {
        var bytes = allocator.buffer(
            capacity: 56 + pollMiddle.utf8.count + token.utf8.count + 24 + (etag?.utf8.count ?? 0))
        bytes.writeString("GET /api/orders/")
        bytes.writeString(order.description)
        bytes.writeString(pollMiddle)
        bytes.writeString(token)
        if let etag {
            bytes.writeString("\r\nIf-None-Match: ")
            bytes.writeString(etag)
        }
        bytes.writeString("\r\n\r\n")
        return bytes
    }

    /// Puts back an order that the service does not know any more.
    func recover(_ receipt: String, token: String) -> ByteBuffer {
        let body = "{\"receipt\":\"\(receipt)\"}"
        return ByteBuffer(
            string: "POST /api/orders/recover HTTP/1.1\r\nHost: \(authority)\r\nContent-Type: application/json\r\n"
                + "Authorization: Bearer \(token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private mutating func makeTail(_ body: Body) -> String {
        let json = """
            {"eventId":"\(event)","quantity":\(body.quantity),"paymentMethod":"\(body.paymentMethod)"}
            """
        let tail = "\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
        tails[body] = tail
        return tail
    }
}
