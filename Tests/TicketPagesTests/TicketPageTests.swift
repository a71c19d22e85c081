import Foundation
import QRCodes
import Testing

@testable import TicketPages

@Suite struct TicketPageTests {
    private static let code = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    private static func sheet(
        event: String = "Summer night", holder: String? = "Ada", qr: QRMatrix? = QRMatrix(code), notice: String? = nil
    ) -> TicketPage.Sheet {
        TicketPage.Sheet(
            event: event, venue: "Old harbour", date: "21 June 2030, 20:00 UTC", number: 2, count: 4, holder: holder,
            code: code, qr: qr, notice: notice)
    }

    @Test func `A sheet has what a ticket is for, and its code as a drawing and in groups`() throws {
        let page = try TicketPage().render(title: "Tickets", [Self.sheet(), Self.sheet(holder: nil)])
        #expect(page.contains("<title>Tickets</title>"))
        #expect(page.contains("<h1>Summer night</h1>"))
        #expect(page.contains("Ticket 2 of 4, for Ada</p>"))
        #expect(page.contains("Ticket 2 of 4</p>"))
        #expect(page.contains("<path d=\"\(try #require(QRMatrix(Self.code)).path)\"/>"))
        #expect(page.contains("<span>01AR</span><span>Z3ND</span>"))
        #expect(page.contains("<span>AV</span>"))
        #expect(page.components(separatedBy: "<article>").count == 3)
    }

    @Test func `A ticket that admits nobody has neither drawing nor code`() throws {
        let page = try TicketPage().render(title: "Tickets", [Self.sheet(qr: nil, notice: "Used")])
        #expect(page.contains("<div class=\"void\">Used</div>"))
        #expect(!page.contains("<svg"))
        #expect(!page.contains("01AR"))
    }

    @Test func `What people typed is text on the page and never markup`() throws {
        let typed = "</title><script>alert(1)</script> & \"it's\""
        let page = try TicketPage().render(title: typed, [Self.sheet(event: typed, holder: typed)])
        #expect(!page.contains("<script"))
        #expect(page.components(separatedBy: "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; ").count == 4)
    }

    @Test func `The page loads nothing`() throws {
        let page = try TicketPage().render(title: "Tickets", [Self.sheet()])
        for word in ["http:", "https:", "src=", "href=", "@import", "url(", "<script", "<link"] {
            #expect(!page.contains(word), "\(word)")
        }
    }
}
