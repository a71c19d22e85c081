import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import Ticketing

/// An event's orders as a CSV file, of any length: a page is read when the one before it is on its way to the client,
/// so that one page is in memory, and a slow client reads slowly from Postgres, too.
///
/// Ticket codes are not in it: who has the code gets in, and such files are sent around.
struct OrderExport<Repository: AdministrationRepository>: Sendable {
    let repository: Repository
    let limits: GatewayLimits

    private static var columns: [String] {
        [
            "order_id", "created_at", "updated_at", "status", "reason", "quantity", "amount", "currency",
            "payment_method", "buyer_id", "buyer_email", "buyer_name",
        ]
    }

    /// The orders made up to now.
    /// - Throws: What the first page throws; what happens later can only break off the answer, which has no end then.
    func response(of event: EventID, matching filter: EventOrderFilter) async throws -> Response {
        let end = Date()
        let limit = limits.exportPageOrders
        let first = try await repository.orders(of: event, matching: filter, before: end, after: nil, limit: limit)
        let headers: HTTPFields = [
            .contentType: "text/csv; charset=utf-8; header=present",
            .contentDisposition: "attachment; filename=\"orders-\(event).csv\"", .cacheControl: "no-store",
        ]
        let body = ResponseBody { writer in
            var page = first
            var text = ByteBuffer()
            text.writeCSV(Self.columns)
            while true {
                for item in page.items { text.writeCSV(Self.fields(item)) }
                try await writer.write(text)
                guard let next = page.next else { break }
                page = try await repository.orders(
                    of: event, matching: filter, before: end, after: next, limit: limit)
                text = ByteBuffer()
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private static func fields(_ item: EventOrder) -> [String] {
        let order = item.order
        return [
            order.id.description, Timestamp.text(order.createdAt), Timestamp.text(order.updatedAt),
            order.status.rawValue, order.reason?.rawValue ?? "", String(order.quantity), order.total.decimal,
            order.total.currency.rawValue, order.paymentMethod.text, order.user.description, item.email,
            item.name ?? "",
        ]
    }
}

extension Money {
    /// In major units: `45.00`. Every currency is kept with two places.
    fileprivate var decimal: String {
        let cents = amount % 100
        return "\(amount / 100).\(cents < 10 ? "0" : "")\(cents)"
    }
}
