import Foundation
import Mustache
import Ticketing

/// Puts letters into words, by the templates of the folder `Templates`.
package struct LetterWriter: Sendable {
    private let library: MustacheLibrary
    private let publicURL: String

    /// - Parameter publicURL: The web app's address, without a slash at the end.
    /// - Throws: For a template that is none, which a test would have found.
    package init(publicURL: String) throws {
        self.publicURL = publicURL
        library = MustacheLibrary(
            templates: try Self.sources.mapValues { try MustacheTemplate(string: String(decoding: $0, as: UTF8.self)) })
    }

    package func write(_ letter: Letter, greeting name: String?) -> (text: String, html: String) {
        var values = Self.values(of: letter, publicURL)
        values["name"] = name
        values["subject"] = letter.subject
        values["home"] = publicURL
        let template = Self.template(of: letter)
        func rendered(_ format: String) -> String {
            guard let text = library.render(values, withTemplate: "\(template).\(format)") else {
                preconditionFailure("no template \(template).\(format)")
            }
            return text
        }
        return (rendered("text"), rendered("html"))
    }

    private static func template(of letter: Letter) -> String {
        switch letter {
        case .orderConfirmed: "order_confirmed"
        case .orderCancelled: "order_cancelled"
        case .orderRefunded: "order_refunded"
        case .passwordReset: "password_reset"
        case .ticketReceived: "ticket_received"
        case .ticketVoid: "ticket_void"
        }
    }

    private static func values(of letter: Letter, _ publicURL: String) -> [String: Any] {
        switch letter {
        case .orderConfirmed(let order):
            let tickets = order.tickets.map { ["code": $0.text, "link": "\(publicURL)/tickets/\($0)"] }
            return values(of: order, publicURL).merging(["tickets": tickets]) { $1 }
        case .orderCancelled(let order, let reason):
            return values(of: order, publicURL).merging(["reason": reason]) { $1 }
        case .orderRefunded(let order, let amount, let reason):
            var values = values(of: order, publicURL)
            values["amount"] = amount.text
            values["reason"] = reason
            return values
        case .passwordReset(let token):
            // In the fragment, which browsers send to nobody: neither a log nor another site gets to see it.
            return ["link": "\(publicURL)/reset-password#token=\(token)"]
        case .ticketReceived(let order, let ticket):
            return values(of: order, publicURL).merging(
                ["code": ticket.text, "link": "\(publicURL)/tickets/\(ticket)"]
            ) { $1 }
        case .ticketVoid(let order, let ticket, let reason):
            var values = values(of: order, publicURL)
            values["code"] = ticket.text
            values["reason"] = reason
            return values
        }
    }

    private static func values(of order: OrderFacts, _ publicURL: String) -> [String: Any] {
        [
            "order": order.order.description, "orderLink": "\(publicURL)/orders/\(order.order)",
            "quantity": order.quantity, "isOne": order.quantity == 1, "total": order.total.text,
            "event": order.event, "venue": order.venue, "date": Self.text(order.date),
        ]
    }

    /// `Friday, 21 June 2030, 20:00 UTC`: events have no time zone of their own.
    static func text(_ date: Date) -> String {
        date.formatted(
            .verbatim(
                "\(weekday: .wide), \(day: .defaultDigits) \(month: .wide) \(year: .defaultDigits), \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits) UTC",
                locale: Locale(identifier: "en_GB"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
    }

    /// By the names that templates use for each other. SwiftPM embeds a file under its name with underscores for dots.
    private static let sources: [String: [UInt8]] = [
        "layout.html": PackageResources.layout_html_mustache,
        "layout.text": PackageResources.layout_text_mustache,
        "event.html": PackageResources.event_html_mustache,
        "event.text": PackageResources.event_text_mustache,
        "order_confirmed.html": PackageResources.order_confirmed_html_mustache,
        "order_confirmed.text": PackageResources.order_confirmed_text_mustache,
        "order_cancelled.html": PackageResources.order_cancelled_html_mustache,
        "order_cancelled.text": PackageResources.order_cancelled_text_mustache,
        "order_refunded.html": PackageResources.order_refunded_html_mustache,
        "order_refunded.text": PackageResources.order_refunded_text_mustache,
        "password_reset.html": PackageResources.password_reset_html_mustache,
        "password_reset.text": PackageResources.password_reset_text_mustache,
        "ticket_received.html": PackageResources.ticket_received_html_mustache,
        "ticket_received.text": PackageResources.ticket_received_text_mustache,
        "ticket_void.html": PackageResources.ticket_void_html_mustache,
        "ticket_void.text": PackageResources.ticket_void_text_mustache,
    ]
}

extension Money {
    /// `EUR 45.00`: every currency that there is has two decimal places.
    var text: String {
        let cents = amount % 100
        return "\(currency.rawValue) \(amount / 100).\(cents < 10 ? "0" : "")\(cents)"
    }
}
