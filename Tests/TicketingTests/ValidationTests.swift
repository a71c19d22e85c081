import Testing
import Ticketing

struct ValidationTests {
    @Test(arguments: [
        "ada@example.org", "a@b.c", "A@B.C", "first.last+tag@mail.example.co.uk", "a.b+c@x-y.example",
        "!#$%&'*/=?^_`{|}~-@example.org", "a@invalid.example",
    ])
    func `A plain address is kept as it was typed`(text: String) {
        #expect(EmailAddress(text)?.text == text)
    }

    /// Many would be two addresses, a command, a parameter or a field to somebody on the way.
    @Test(arguments: [
        "", "a", "@", "a@", "@b.c", "a@b", "ada@localhost", "a@.b", "a@b.", "a@b..c", "a@b@c.d", ".a@b.c", "a.@b.c",
        "a..b@c.d", "a b@c.d", "a@b .c", "a\t@b.c", "a@b.c\n", "a\0@b.c", "a\u{7f}@b.c",
        "a@b.c\r\nBcc: eve@example.org",
        "a@b.c\nDATA", "a@b.c>\r\nRCPT TO:<eve@example.org", "a>b@c.d", "a<b@c.d", "a,b@c.d", "a;b@c.d",
        "\"a b\"@c.d", "a@b.c,d", "a@b_c.d", "a@b.c>SIZE=1", "ädä@b.c", "a@exämple.org", "vİctim@b.c", "a(b)@c.d",
        "a@[127.0.0.1]", "a@deleted.invalid", "a@PROVIDER.Invalid",
    ])
    func `What could be read as anything else, or is nobody's, is no address`(text: String) {
        #expect(EmailAddress(text) == nil)
    }

    @Test func `An address has at most 254 bytes`() {
        let domain = "@example.org"
        let longest = String(repeating: "a", count: 254 - domain.utf8.count) + domain
        #expect(EmailAddress(longest) != nil)
        #expect(EmailAddress("a" + longest) == nil)
    }

    @Test(arguments: [
        "pm_accepted", "a", "Z", "0", "_", "-", "pm_1NirD82eZvKYlo2CIvbtLWuY", String(repeating: "m", count: 64),
    ])
    func `A payment method is up to 64 letters, digits, underscores and hyphens`(text: String) {
        #expect(PaymentMethod(text)?.text == text)
    }

    @Test(arguments: [
        "", " ", "pm accepted", "pm.accepted", "pm/1", "pm\n", "é", "pm_🎫", String(repeating: "m", count: 65),
    ])
    func `Any other payment method is refused`(text: String) {
        #expect(PaymentMethod(text) == nil)
    }

    @Test func `A purchase that names no method is one that is accepted`() {
        #expect(PaymentMethod.standard.text == "pm_accepted")
    }

    @Test func `The limits of requests are these`() {
        #expect(Limits.quantity == 1...100)
        #expect(Limits.capacity == 0...1_000_000_000)
        #expect(Limits.limitPerBuyer == 1...1_000_000)
        #expect(Limits.title == 1...200)
        #expect(Limits.description == 0...10_000)
        #expect(Limits.password == 8...256)
        #expect(Limits.email == 3...254)
        #expect(Limits.name == 1...200)
        // Capacity and quantity are integer columns.
        #expect(Limits.capacity.upperBound <= Int(Int32.max))
    }

    @Test(arguments: [("1700000000123-0", 1_700_000_000_123), ("5-17", 5), ("0-0", 0)] as [(String, Int64)])
    func `A stream entry's id tells when it was taken in`(text: String, milliseconds: Int64) {
        #expect(StreamEntryID(text).milliseconds == milliseconds)
    }

    @Test func `An entry id that is none has no time`() {
        #expect(StreamEntryID("").milliseconds == nil)
        #expect(StreamEntryID("now").milliseconds == nil)
    }
}
