import Foundation
import Testing

@testable import PostgresClient

@Suite struct QueryTests {
    @Test func interpolationsAreBoundAndNeverBecomeText() {
        let name = "x'; DROP TABLE users; --"
        let query: PostgresQuery = "SELECT * FROM t WHERE a = \(name) AND b = \(7) AND c = \(true)"
        #expect(query.text == "SELECT * FROM t WHERE a = $1 AND b = $2 AND c = $3")
        #expect(query.bindings.types == [0, 20, 16])
        #expect(query.bindings.values.map(\.length) == [Int32(name.utf8.count), 8, 1])
        #expect(!"\(query)".contains("DROP"))
    }

    @Test func unescapedTextIsSplicedAndTakesNoNumber() {
        let query: PostgresQuery = "SELECT \(unescaped: "count(*)") FROM t WHERE a = \(1)"
        #expect(query.text == "SELECT count(*) FROM t WHERE a = $1")
        #expect(query.bindings.values.count == 1)
    }

    @Test func nilIsBoundAsNullOfItsType() {
        let query: PostgresQuery = "SELECT \(Int?.none), \(UUID?.none), \([String]?.none)"
        #expect(query.bindings.values.map(\.length) == [-1, -1, -1])
        #expect(query.bindings.types == [20, 2950, 1009])
    }

    @Test func anArrayIsEncodedInPostgresBinaryForm() {
        #expect(
            encoded([Int16(1), -2]) == [
                0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1,
                0, 0, 0, 2, 0, 1, 0, 0, 0, 2, 0xff, 0xfe,
            ])
        #expect(
            encoded(["é", nil]) == [
                0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1,
                0, 0, 0, 2, 0xc3, 0xa9, 0xff, 0xff, 0xff, 0xff,
            ])
        #expect(encoded([UUID]()) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0x86])
        #expect(encoded([UInt8]([1, 2, 3])) == [1, 2, 3])
    }

    @Test func anArrayThatIsCutShortIsRefused() throws {
        let bytes = encoded([1, 2, 3])
        for length in 0..<bytes.count {
            let error = #expect(throws: PostgresError.self) {
                try bytes[..<length].withUnsafeBytes { buffer in
                    _ = try Int.decode(array: buffer, type: .int8Array)
                }
            }
            #expect(error?.code == .decoding)
        }
        let whole = try bytes.withUnsafeBytes { try Int.decode(array: $0, type: .int8Array) }
        #expect(whole == [1, 2, 3])
    }

    @Test func valuesThatPostgresCannotHoldAreMarked() {
        let bad: [PostgresQuery] = [
            "SELECT \("a\0b")", "SELECT \(["a\0b"])", "SELECT \(Date(timeIntervalSince1970: .infinity))",
            "SELECT \(Date(timeIntervalSince1970: .nan))", "SELECT \(Date(timeIntervalSince1970: 1e300))",
        ]
        for query in bad { #expect(query.bindings.bytes.invalid != nil) }
        let good: PostgresQuery = "SELECT \("a\u{1}b"), \(Date.distantFuture), \(Date.distantPast)"
        #expect(good.bindings.bytes.invalid == nil)
    }

    private func encoded<T: PostgresEncodable>(_ value: T) -> [UInt8] {
        var bytes = PostgresBytes()
        value.encode(to: &bytes)
        return Array(bytes.storage.dropFirst())
    }
}
