import Testing

@testable import Mail

@Suite struct MailboxTests {
    @Test(arguments: ["ada@example.org", "a.b+c@x-y.example", "!#$%&'*/=?^_`{|}~-@example.org", "A@B.C"])
    func `Plain addresses are mailboxes`(_ text: String) {
        #expect(Mailbox(address: text)?.address == text)
        #expect(Mailbox(text) == Mailbox(address: text))
    }

    /// Each would be two addresses, a command, a parameter or a field to somebody on the way.
    @Test(arguments: [
        "", "ada", "@example.org", "ada@", "ada@localhost", "a@b@example.org", "ada@example..org", ".a@example.org",
        "a.@example.org", "a..b@example.org", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org\nDATA",
        "ada@example.org>\r\nRCPT TO:<eve@example.org", "a>b@example.org", "a<b@example.org", "a,b@example.org",
        "a;b@example.org", "a b@example.org", "\"a b\"@example.org", "a@example.org,b", "a@exam_ple.org",
        "a@example.org>SIZE=1", "ädä@example.org", "ada@exämple.org", "a(b)@example.org", "a@[127.0.0.1]",
        "a\0@example.org",
    ])
    func `An address that could be read as anything else is none`(_ text: String) {
        #expect(Mailbox(address: text) == nil)
    }

    @Test func `A name may stand before the address`() {
        let mailbox = Mailbox("Onsale & Co  <tickets@example.org>")
        #expect(mailbox?.name == "Onsale & Co")
        #expect(mailbox?.address == "tickets@example.org")
        #expect(mailbox?.domain == "example.org")
        #expect(Mailbox("<tickets@example.org>") == Mailbox(address: "tickets@example.org"))
        #expect(Mailbox("Onsale <tickets@example.org> x") == nil)
        #expect(Mailbox("Onsale <tickets>") == nil)
    }
}
