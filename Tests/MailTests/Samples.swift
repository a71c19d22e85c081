import Foundation
import Ticketing

@testable import Mail

extension MailMessage {
    static func sample(
        id: String = "mail.1.2", to: String = "ada@example.com", name: String? = nil,
        subject: String = "Your tickets", text: String = "Hello.\n", html: String = "<p>Hello.</p>\n"
    ) -> MailMessage {
        MailMessage(
            id: id, from: Mailbox("Onsale <tickets@example.org>")!, to: Mailbox(EmailAddress(to)!, name: name),
            subject: subject, text: text, html: html, date: Date(timeIntervalSince1970: 1_900_000_000))
    }
}

extension OrderFacts {
    static func sample(
        quantity: Int = 2, event: String = "Summer night", venue: String = "Old harbour"
    ) -> OrderFacts {
        OrderFacts(
            order: OrderID("8a1b2c3d-4e5f-8071-8293-a4b5c6d7e8f9")!, quantity: quantity,
            total: Money(amount: 4_505 * Int64(quantity), currency: .eur)!, event: event, venue: venue,
            date: Date(timeIntervalSince1970: 1_908_316_800),
            tickets: (0..<quantity).map { TicketCode("0123456789ABCDEFGHJKMNPQR\($0)")! })
    }
}
