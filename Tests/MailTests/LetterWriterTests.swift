import Testing
import Ticketing

@testable import Mail

@Suite struct LetterWriterTests {
    private let writer: LetterWriter

    init() throws { writer = try LetterWriter(publicURL: "https://tickets.example") }

    private func write(_ letter: Letter, greeting name: String? = "Ada") -> (text: String, html: String) {
        let written = writer.write(letter, greeting: name)
        for text in [written.text, written.html] {
            #expect(!text.contains("{{") && !text.contains("}}"), "every tag was replaced")
            #expect(!text.contains("\n\n\n"), "no holes: \(text)")
            #expect(!text.contains("Optional("))
        }
        return written
    }

    private static let code = TicketCode("0123456789ABCDEFGHJKMNPQR0")!

    @Test func `A confirmation has event, date, venue, price, and each ticket with its page`() {
        let order = OrderFacts.sample()
        let written = write(.orderConfirmed(order))
        let link = "https://tickets.example/orders/\(order.order)"
        for text in [written.text, written.html] {
            let wanted = [
                "Hello Ada,", "Summer night", "Saturday, 22 June 2030, 00:00 UTC", "Old harbour", "EUR 90.10", link,
                "Here are your 2 tickets.",
            ]
            for wanted in wanted {
                #expect(text.contains(wanted), "\(wanted)")
            }
            for ticket in order.tickets {
                #expect(text.contains("https://tickets.example/tickets/\(ticket)"))
            }
        }
        #expect(written.text.hasPrefix("Hello Ada,\n\nYour order is confirmed."))
        #expect(written.html.hasPrefix("<!DOCTYPE html>"))
    }

    @Test func `One ticket is one ticket`() {
        let written = write(.orderConfirmed(.sample(quantity: 1)), greeting: nil)
        #expect(written.text.hasPrefix("Hello,\n"))
        for text in [written.text, written.html] { #expect(text.contains("Here is your ticket.")) }
    }

    @Test func `Markup in names is text in HTML, and stays as it is in text`() {
        let written = write(
            .orderConfirmed(.sample(event: "<script>alert('1')</script>", venue: "\"Fish & Chips\"")),
            greeting: "<img src=x onerror=alert(1)>")
        #expect(!written.html.contains("<script") && !written.html.contains("<img"))
        #expect(written.html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"))
        #expect(written.html.contains("&quot;Fish &amp; Chips&quot;"))
        #expect(written.text.contains("<script>alert('1')</script>"))
        #expect(written.text.contains("\"Fish & Chips\""))
        #expect(written.text.contains("Hello <img src=x onerror=alert(1)>,"))
    }

    @Test(arguments: CancellationReason.allCases)
    func `A cancellation says why`(_ reason: CancellationReason) {
        let written = write(.orderCancelled(.sample(), reason: reason.message))
        #expect(written.text.contains(reason.message))
        #expect(written.html.contains(reason.message.replacing("'", with: "&#39;")))
    }

    @Test func `A refund says how much`() {
        let written = write(
            .orderRefunded(
                .sample(), amount: Money(amount: 1_205, currency: .chf)!, reason: CancellationReason.expired.message))
        for text in [written.text, written.html] {
            #expect(text.contains("CHF 12.05") && text.contains(CancellationReason.expired.message))
        }
        let partial = write(.orderRefunded(.sample(), amount: Money(amount: 5, currency: .chf)!, reason: nil))
        #expect(partial.text.contains("CHF 0.05"))
    }

    @Test func `A password reset has its link, with the token where no server sees it`() {
        let written = write(.passwordReset(token: "aB3_-x"))
        for text in [written.text, written.html] {
            #expect(text.contains("https://tickets.example/reset-password#token=aB3_-x"))
        }
        #expect(Letter.passwordReset(token: "aB3_-x").subject == "Choose a new password")
    }

    @Test func `A ticket that is void is named, with the reason where there is one`() {
        for reason in ["The event was cancelled.", nil] {
            let written = write(.ticketVoid(.sample(), ticket: Self.code, reason: reason))
            for text in [written.text, written.html] {
                #expect(text.contains(Self.code.text) && text.contains("Summer night"))
                #expect(text.contains("The event was cancelled.") == (reason != nil))
                #expect(!text.contains("/tickets/"), "there is nothing to be opened any more")
            }
        }
    }

    @Test func `A ticket that was handed on has its new code`() {
        let written = write(.ticketReceived(.sample(), ticket: Self.code))
        for text in [written.text, written.html] {
            #expect(text.contains("https://tickets.example/tickets/\(Self.code)"))
            #expect(text.contains("Summer night"))
        }
    }
}
