import Foundation
import Testing
import Ticketing

struct UUIDTextTests {
    @Test func `The text is Foundation's in lower case`() {
        for _ in 0..<1_000 {
            let uuid = UUID()
            #expect(uuid.text == uuid.uuidString.lowercased())
        }
    }

    @Test func `Reading gives what Foundation reads, in either case`() {
        for _ in 0..<1_000 {
            let uuid = UUID()
            #expect(UUID(text: uuid.uuidString.utf8) == uuid)
            #expect(UUID(text: uuid.uuidString.lowercased().utf8) == uuid)
        }
    }

    @Test func `A text with any one byte replaced by a wrong one is refused`() {
        let text = Array(UUID().text.utf8)
        for position in text.indices {
            for wrong in [UInt8(ascii: "g"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"), 0, 0xff] {
                var changed = text
                changed[position] = wrong
                #expect(UUID(text: changed) == nil)
            }
        }
        #expect(UUID(text: text) != nil)
    }

    @Test func `A hyphen where a digit belongs is refused, and the other way round`() {
        let text = Array(UUID().text.utf8)
        for position in text.indices {
            var changed = text
            changed[position] = text[position] == UInt8(ascii: "-") ? UInt8(ascii: "0") : UInt8(ascii: "-")
            #expect(UUID(text: changed) == nil)
        }
    }

    @Test func `Ids of users and events read their own text and nothing else`() {
        let user = UserID()
        let event = EventID()
        #expect(UserID(user.description) == user)
        #expect(EventID(event.description) == event)
        #expect(UserID("someone") == nil)
        #expect(EventID("") == nil)
    }
}
