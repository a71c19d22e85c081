import Testing
import Ticketing

@testable import Mail

@Suite struct MailboxTests {
    @Test func `A name may stand before the address`() {
        let mailbox = Mailbox("Onsale & Co  <tickets@example.org>")
        #expect(mailbox?.name == "Onsale & Co")
        #expect(mailbox?.address == "tickets@example.org")
        #expect(mailbox?.domain == "example.org")
        for text in ["<tickets@example.org>", "tickets@example.org"] {
            #expect(Mailbox(text) == EmailAddress("tickets@example.org").map { Mailbox($0) })
        }
        for text in ["Onsale <tickets@example.org> x", "Onsale <tickets>", "a@b@example.org", ""] {
            #expect(Mailbox(text) == nil)
        }
    }
}
