import Foundation
import HTTPTypes
import InventoryStore
import NIOCore
import OrderRepository
import Ticketing

/// An order as its owner sees it, from whichever store knew it. Written by hand: polls outnumber purchases.
struct OrderView: Hashable, Sendable {
    var id: OrderID
    var event: EventID
    var user: UserID
    var quantity: Int
    var total: Money
    var status: OrderStatus
    var stage: OrderStage
    /// While queued: 1 is next.
    var placeInLine: Int64?
    var etaSeconds: Int64?
    /// While not final: when to ask again.
    var pollAfter: Duration?
    var reason: CancellationReason?
    var tickets: [Ticket]
    /// What it gets back; only Postgres knows.
    var refunds: [OrderRefund] = []
    /// Milliseconds since 1970.
    var createdAt: Int64
    var updatedAt: Int64
    /// See `Intent.trace`; only Redis knows.
    var trace: String?

    init(_ order: Order) {
        self.id = order.id
        self.event = order.event
        self.user = order.user
        self.quantity = order.quantity
        self.total = order.total
        self.status = order.status
        self.stage = order.status.isFinal ? .completed : .payment
        self.reason = order.reason
        self.tickets = order.tickets
        self.refunds = order.refunds
        self.createdAt = Timestamp.milliseconds(order.createdAt)
        self.updatedAt = Timestamp.milliseconds(order.updatedAt)
        self.pollAfter = order.status.isFinal ? nil : PollAdvice.payment
    }

    /// - Parameter progress: How far the order's lane is; nil when that is not known, then no place in line is given.
    init(_ record: OrderRecord, progress: LaneProgress?) {
        self.id = record.id
        self.event = record.event
        self.user = record.user
        self.quantity = record.quantity
        self.total = record.total
        self.status = record.status
        self.reason = record.reason
        self.tickets = record.tickets.map { Ticket(code: $0, status: record.status == .refunded ? .cancelled : .valid) }
        self.createdAt = record.createdAt
        self.updatedAt = record.updatedAt
        self.trace = record.trace
        if record.status.isFinal {
            self.stage = .completed
        } else if record.status == .pending, progress.map({ record.sequence > $0.committed }) ?? true {
            self.stage = .queued
            let place = progress?.placeInLine(of: record.sequence)
            self.placeInLine = place
            self.pollAfter = PollAdvice.queued(place: place ?? 0, drainRate: progress?.drainRate ?? 0)
            if let place, let rate = progress?.drainRate, rate > 0 {
                self.etaSeconds = Int64((Double(place) / rate).rounded(.up))
            }
        } else {
            self.stage = .payment
            self.pollAfter = PollAdvice.payment
        }
    }

    /// What a long poll waits to see change: `pending.queued`. The place in line is no part of it, or each poll of a
    /// moving line would be answered at once.
    var state: String { "\(status.rawValue).\(stage.rawValue)" }

    /// Weak, because ETA and poll advice may differ under the same tag. A ticket stops being valid once and for good,
    /// so how many have tells one state of them from the next.
    var entityTag: String {
        "W/\"\(state).\(placeInLine ?? Int64(tickets.count(where: { $0.status != .valid })))\(refundTag)\""
    }

    /// What of refunds changes: how many there are, how many of them are made, and how many have failed, which may be
    /// tried again.
    private var refundTag: String {
        guard !refunds.isEmpty else { return "" }
        let made = refunds.count { $0.status == .refunded }
        return "-\(refunds.count)-\(made)-\(refunds.count { $0.status == .failed })"
    }

    /// The state in a tag that `entityTag` gave, or nil for a foreign one.
    static func state(ofTag tag: some StringProtocol) -> Substring? {
        guard tag.hasPrefix("W/\""), tag.hasSuffix("\""), let end = tag.lastIndex(of: ".") else { return nil }
        return Substring(tag[tag.index(tag.startIndex, offsetBy: 3)..<end])
    }

    func answer(ifNoneMatch: String?) -> HTTPAnswer {
        let tag = entityTag
        var headers = HTTPFields()
        headers.reserveCapacity(5)
        headers.append(HTTPField(name: .eTag, value: tag))
        headers.append(HTTPField(name: .cacheControl, value: "private, no-cache"))
        if let ifNoneMatch, EntityTag.matches(ifNoneMatch, tag) {
            return HTTPAnswer(status: .notModified, headers: headers, body: ByteBuffer(), order: id, trace: trace)
        }
        var body = ByteBuffer()
        // Fixed parts, UUIDs and numbers have at most 600 bytes, the longest message 120, a ticket 52.
        body.reserveCapacity(720 + tickets.count * 56)
        write(into: &body)
        headers.append(HTTPField(name: .contentType, value: "application/json"))
        headers.append(HTTPField(name: .contentLength, value: String(body.readableBytes)))
        return HTTPAnswer(status: .ok, headers: headers, body: body, order: id, trace: trace)
    }

    func write(into body: inout ByteBuffer) {
        body.writeStaticString("{\"id\":\"")
        body.writeText(of: id.uuid)
        body.writeStaticString("\",\"eventId\":\"")
        body.writeText(of: event.uuid)
        body.writeStaticString("\",\"userId\":\"")
        body.writeText(of: user.uuid)
        body.writeStaticString("\",\"quantity\":")
        body.writeDecimal(Int64(quantity))
        body.writeStaticString(",\"totalPrice\":")
        body.writeJSON(total)
        body.writeStaticString(",\"status\":\"")
        body.writeString(status.rawValue)
        body.writeStaticString("\",\"stage\":\"")
        body.writeString(stage.rawValue)
        body.writeStaticString("\"")
        if let placeInLine {
            body.writeStaticString(",\"placeInLine\":")
            body.writeDecimal(placeInLine)
        }
        if let etaSeconds {
            body.writeStaticString(",\"etaSeconds\":")
            body.writeDecimal(etaSeconds)
        }
        if let pollAfter {
            body.writeStaticString(",\"pollAfterMs\":")
            body.writeDecimal(pollAfter.milliseconds)
        }
        if let reason {
            body.writeStaticString(",\"failure\":{\"code\":\"")
            body.writeString(reason.rawValue)
            body.writeStaticString("\",\"message\":")
            body.writeJSON(reason.message)
            body.writeStaticString("}")
        }
        if !tickets.isEmpty {
            body.writeStaticString(",\"tickets\":[")
            for (index, ticket) in tickets.enumerated() {
                if index > 0 { body.writeStaticString(",") }
                body.writeStaticString("{\"code\":\"")
                body.writeString(ticket.code.text)
                body.writeStaticString("\",\"status\":\"")
                body.writeString(ticket.status.rawValue)
                body.writeStaticString("\"}")
            }
            body.writeStaticString("]")
        }
        if !refunds.isEmpty { writeRefunds(into: &body) }
        body.writeStaticString(",\"createdAt\":\"")
        body.writeTimestamp(milliseconds: createdAt)
        body.writeStaticString("\",\"updatedAt\":\"")
        body.writeTimestamp(milliseconds: updatedAt)
        body.writeStaticString("\"}")
    }

    private func writeRefunds(into body: inout ByteBuffer) {
        body.writeStaticString(",\"refunds\":[")
        for (index, refund) in refunds.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeStaticString("{\"amount\":")
            body.writeJSON(refund.amount)
            body.writeStaticString(",\"status\":\"")
            body.writeString(refund.status.rawValue)
            body.writeStaticString("\",\"createdAt\":\"")
            body.writeTimestamp(milliseconds: Timestamp.milliseconds(refund.createdAt))
            body.writeStaticString("\"}")
        }
        body.writeStaticString("]")
    }
}
