import Crypto
import Foundation
import Testing
import Ticketing

struct OrderIDTests {
    @Test func `The same inputs always give the same order id`() {
        let ids = (0..<100).map { _ in Samples.order() }
        #expect(Set(ids).count == 1)
    }

    /// The answers are Python's:
    /// `hmac.new(bytes(range(32)), user.bytes + event.bytes + b'first-purchase', 'sha256').digest()[:16]`, then byte 6
    /// is `0x80 | partition >> 8`, byte 7 `partition & 255` and byte 8 `0x80 | byte8 & 0x3f`.
    @Test(arguments: [
        (0, "9fd72b71-602d-8000-90ca-bbb6021a0aa6"),
        (7, "9fd72b71-602d-8007-90ca-bbb6021a0aa6"),
        (4_095, "9fd72b71-602d-8fff-90ca-bbb6021a0aa6"),
    ])
    func `The id is the one that another implementation of HMAC gives`(partition: Int, text: String) {
        #expect(Samples.order(partition: Partition(UInt16(partition))).description == text)
    }

    @Test func `Each input changes the id`() throws {
        let ids = [
            Samples.order(),
            Samples.order(user: UserID()),
            Samples.order(event: EventID()),
            Samples.order(key: try #require(IdempotencyKey("first-purchasf"))),
            Samples.order(key: try #require(IdempotencyKey("first-purchase-"))),
            Samples.order(partition: Partition(8)),
            Samples.order(secret: SymmetricKey(data: (1..<33).map { UInt8($0) })),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test func `User and event do not stand for each other`() {
        let swapped = Samples.order(user: UserID(Samples.event.uuid), event: EventID(Samples.user.uuid))
        #expect(swapped != Samples.order())
    }

    @Test func `Version and variant are those of RFC 9562 whatever the inputs`() {
        for _ in 0..<1_000 {
            let bytes = Samples.order(user: UserID(), key: .random(), partition: Partition(.random(in: 0...4_095))).uuid
                .uuid
            #expect(bytes.6 >> 4 == 8)
            #expect(bytes.8 >> 6 == 0b10)
        }
    }

    @Test(arguments: [0, 7, 255, 256, 4_095])
    func `The partition is read back from the id and from its text`(number: Int) throws {
        let partition = Partition(UInt16(number))
        let id = Samples.order(partition: partition)
        #expect(id.partition == partition)
        #expect(try #require(OrderID(id.description)).partition == partition)
    }

    @Test func `Ten thousand keys give ten thousand ids`() throws {
        let ids = try (0..<10_000).map { Samples.order(key: try #require(IdempotencyKey("key-\($0)"))) }
        #expect(Set(ids).count == ids.count)
    }

    @Test func `The text is read back in either case`() {
        let id = Samples.order()
        #expect(OrderID(id.description) == id)
        #expect(OrderID(id.description.uppercased()) == id)
        #expect(OrderID(id.description.uppercased())?.description == id.description)
    }

    @Test(arguments: [
        "", "not an id", "9fd72b71-602d-8007-90ca-bbb6021a0aa", "9fd72b71-602d-8007-90ca-bbb6021a0aa60",
        "9fd72b71602d800790cabbb6021a0aa6", "{9fd72b71-602d-8007-90ca-bbb6021a0aa6}",
        "9fd72b71_602d_8007_90ca_bbb6021a0aa6", "9fd72b7-1602d-8007-90ca-bbb6021a0aa6",
        "gfd72b71-602d-8007-90ca-bbb6021a0aa6", " 9fd72b71-602d-8007-90ca-bbb6021a0aa",
        "9fd72b71-602d-8007-90ca-bbb6021a0aé", "----+----1----+----2----+----3----+-",
    ])
    func `Text that is no UUID is refused`(text: String) {
        #expect(OrderID(text) == nil)
    }

    @Test(arguments: [
        // Versions 0, 1, 4, 7, 9 and 15.
        "9fd72b71-602d-0007-90ca-bbb6021a0aa6", "9fd72b71-602d-1007-90ca-bbb6021a0aa6",
        "9fd72b71-602d-4007-90ca-bbb6021a0aa6", "9fd72b71-602d-7007-90ca-bbb6021a0aa6",
        "9fd72b71-602d-9007-90ca-bbb6021a0aa6", "9fd72b71-602d-f007-90ca-bbb6021a0aa6",
        // Variants other than that of RFC 9562.
        "9fd72b71-602d-8007-00ca-bbb6021a0aa6", "9fd72b71-602d-8007-70ca-bbb6021a0aa6",
        "9fd72b71-602d-8007-c0ca-bbb6021a0aa6", "9fd72b71-602d-8007-f0ca-bbb6021a0aa6",
    ])
    func `A UUID of another version or variant is refused, though it is one`(text: String) {
        #expect(OrderID(text) == nil)
        #expect(EventID(text) != nil)
    }
}
