import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite struct TextTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_709_164_800_123, "2024-02-29T00:00:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func timesAreWrittenAndReadTheSameWay(milliseconds: Int64, text: String) throws {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
        #expect(Timestamp.text(date) == text)
        #expect(Timestamp.milliseconds(try #require(Timestamp.parse(text))) == milliseconds)
    }

    @Test(arguments: [
        ("2026-05-01T20:00:00+02:00", "2026-05-01T18:00:00.000Z"),
        ("2026-05-01t20:00:00.5z", "2026-05-01T20:00:00.500Z"),
        ("2025-12-31T23:30:00-01:30", "2026-01-01T01:00:00.000Z"),
    ])
    func otherFormsOfATimeAreRead(text: String, expected: String) {
        #expect(Timestamp.parse(text).map(Timestamp.text) == expected)
    }

    @Test(arguments: [
        "", "2026", "2026-05-01", "2026-05-01T20:00:00", "2026-13-01T20:00:00Z", "2026-02-29T20:00:00Z",
        "2026-05-01T24:00:00Z", "2026-05-01T20:60:00Z", "2026-05-01T20:00:00.Z", "2026-05-01T20:00:00+24:00",
        "2026-05-01T20:00:00Zx", "+026-05-01T20:00:00Z",
    ])
    func whatIsNoTimeIsRefused(_ text: String) { #expect(Timestamp.parse(text) == nil) }

    @Test func httpDatesHaveTheirForm() {
        // The example of RFC 9110 §5.6.7.
        #expect(HTTPDate.text(second: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test(arguments: [0, 1, 9, 10, 12_345, -1, -10, Int64.max, Int64.min] as [Int64])
    func numbersAreWrittenInDecimal(_ number: Int64) {
        var buffer = ByteBuffer()
        buffer.writeDecimal(number)
        #expect(String(buffer: buffer) == String(number))
    }

    @Test(arguments: ["", "plain", "\"\\/", "line\nbreak\t\u{1}", "Grüße 😀"])
    func stringsSurviveJSON(_ text: String) throws {
        var buffer = ByteBuffer(string: "[")
        buffer.writeJSON(text)
        buffer.writeString("]")
        #expect(try JSONDecoder().decode([String].self, from: Data(buffer.readableBytesView)) == [text])
    }

    @Test func uuidsAreWrittenInLowerCase() {
        let uuid = UUID()
        var buffer = ByteBuffer()
        buffer.writeText(of: uuid)
        #expect(String(buffer: buffer) == uuid.uuidString.lowercased())
    }

    @Test(arguments: [
        ("\"a\"", true), ("*", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("\"b\",W/\"a\" ", true),
        ("\"b\"", false), ("", false), ("a", false),
    ])
    func aListOfTagsIsSearchedByTheWeakComparison(header: String, matches: Bool) {
        #expect(EntityTag.matches(header, "\"a\"") == matches)
    }

    @Test func pollAdviceGrowsWithTheLineWithinBounds() {
        #expect(PollAdvice.queued(place: 1, drainRate: 10_000) == PollAdvice.minimum)
        #expect(PollAdvice.queued(place: 40_000, drainRate: 10_000) == .seconds(2))
        #expect(PollAdvice.queued(place: 10_000_000, drainRate: 100) == PollAdvice.maximum)
        #expect(PollAdvice.queued(place: 2_000, drainRate: 0) == .seconds(1))
    }
}
