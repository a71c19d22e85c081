import Foundation
import TestSupport
import Testing

@testable import PostgresClient

private enum Status: String, PostgresCodable { case pending, paid }

private struct TicketID: PostgresUUID, Hashable {
    let uuid: UUID
    init(_ uuid: UUID) { self.uuid = uuid }
}

private struct Seat: RawRepresentable, PostgresCodable, Equatable {
    let rawValue: Int
}

@Suite struct TypeTests {
    /// Sends `value` to the server, cast to `type` there, and reads it back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable>(
        _ client: PostgresClient, _ value: T, _ type: String
    ) async throws -> T {
        try await client.value("SELECT \(value)::\(unescaped: type)")
    }

    @Test func everyTypeComesBackAsItWent() async throws {
        try await withDatabase { client async throws in
            for value in [true, false] { #expect(try await roundTrip(client, value, "bool") == value) }
            for value in [Int.min, -1, 0, .max] { #expect(try await roundTrip(client, value, "int8") == value) }
            for value in [Int64.min, 7, .max] { #expect(try await roundTrip(client, value, "int8") == value) }
            for value in [Int32.min, 7, .max] { #expect(try await roundTrip(client, value, "int4") == value) }
            for value in [Int16.min, 7, .max] { #expect(try await roundTrip(client, value, "int2") == value) }
            for value in [0.1, -.infinity, .greatestFiniteMagnitude] {
                #expect(try await roundTrip(client, value, "float8") == value)
            }
            #expect(try await roundTrip(client, Double.nan, "float8").isNaN)
            for value in ["", "añ漢🎫", "it's \\ \"quoted\" $1", String(repeating: "x", count: 100_000)] {
                #expect(try await roundTrip(client, value, "text") == value)
                #expect(try await roundTrip(client, value, "varchar") == value)
            }
            let uuid = UUID()
            #expect(try await roundTrip(client, uuid, "uuid") == uuid)
            for bytes in [[], [0], Array(UInt8.min...UInt8.max)] as [[UInt8]] {
                #expect(try await roundTrip(client, bytes, "bytea") == bytes)
            }
        }
    }

    @Test func aDateKeepsItsMicroseconds() async throws {
        try await withDatabase { client in
            for date in [Date(timeIntervalSince1970: 0), Date(), .distantPast, Date(timeIntervalSince1970: 1e10)] {
                let back = try await roundTrip(client, date, "timestamptz")
                #expect(abs(back.timeIntervalSince(date)) < 2e-6)
            }
            let text = try await client.value(
                "SELECT (\(Date(timeIntervalSince1970: 1_700_000_000.123456)) AT TIME ZONE 'UTC')::text",
                as: String.self)
            #expect(text == "2023-11-14 22:13:20.123456")
            let infinite = try await failure { try await client.value("SELECT 'infinity'::timestamptz", as: Date.self) }
            #expect(infinite?.code == .decoding)
        }
    }

    @Test func nullIsNilAndNothingElse() async throws {
        try await withDatabase { client in
            #expect(try await roundTrip(client, Int?.none, "int8") == nil)
            #expect(try await roundTrip(client, String?.none, "text") == nil)
            #expect(try await roundTrip(client, UUID?.none, "uuid") == nil)
            #expect(try await roundTrip(client, Date?.none, "timestamptz") == nil)
            #expect(try await roundTrip(client, [UInt8]?.none, "bytea") == nil)
            #expect(try await roundTrip(client, [Int]?.none, "int8[]") == nil)
            #expect(try await roundTrip(client, Int?.some(7), "int8") == 7)
            let error = try await failure { try await client.value("SELECT NULL::int8 AS seat", as: Int.self) }
            #expect(error?.code == .decoding)
            #expect(error?.column == "seat")
        }
    }

    @Test func arraysComeBackAsTheyWentAlsoEmptyAndWithNulls() async throws {
        try await withDatabase { client in
            #expect(try await roundTrip(client, [1, -2, .max], "int8[]") == [1, -2, .max])
            #expect(try await roundTrip(client, [Int32](), "int4[]") == [])
            #expect(try await roundTrip(client, [Int16(3), nil], "int2[]") == [3, nil])
            #expect(try await roundTrip(client, [true, false, nil], "bool[]") == [true, false, nil])
            #expect(try await roundTrip(client, ["", "a,b", "{}", nil], "text[]") == ["", "a,b", "{}", nil])
            #expect(try await roundTrip(client, [0.5, nil], "float8[]") == [0.5, nil])
            let ids = (0..<3).map { _ in UUID() }
            #expect(try await roundTrip(client, ids, "uuid[]") == ids)
            let dates = [Date(timeIntervalSinceReferenceDate: 0), Date(timeIntervalSinceReferenceDate: 86_400.5)]
            #expect(try await roundTrip(client, dates, "timestamptz[]") == dates)
            let nested = try await failure {
                try await client.value("SELECT ARRAY[[1,2],[3,4]]::int8[]", as: [Int].self)
            }
            #expect(nested?.code == .decoding)
        }
    }

    @Test func domainTypesNeedOneLineEach() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TYPE order_status AS ENUM ('pending', 'paid', 'lost')")
            try await client.query(
                "CREATE TABLE t (id uuid, status order_status, seat int4, price numeric(12,2), j jsonb)")
            let id = TicketID(UUID())
            try await client.query(
                """
                INSERT INTO t VALUES (\(id), \(Status.paid), \(Seat(rawValue: 12)), \("45.00"), \(#"{"a": 1}"#))
                """)
            let row = try #require(
                await client.query(
                    "SELECT id, status, seat, price::text, j FROM t WHERE status = \(Status.paid) AND id = \(id)"
                ).rows.first)
            let (readID, status, seat, price, json) = try row.decode(
                TicketID.self, Status.self, Seat.self, String.self, String.self)
            #expect(readID == id && status == .paid && seat == Seat(rawValue: 12))
            #expect(price == "45.00" && json == #"{"a": 1}"#)
            let found = try await client.value(
                """
                SELECT count(*) FROM unnest(\([id])::uuid[], \([Status.paid, .pending])::order_status[]) AS u (id, status)
                WHERE u.id = \(id)
                """, as: Int.self)
            #expect(found == 1)
            #expect(try await client.value("SELECT ARRAY['paid']::order_status[]", as: [Status].self) == [.paid])
            let unknown = try await failure {
                try await client.value("SELECT 'lost'::order_status", as: Status.self)
            }
            #expect(unknown?.code == .decoding)
        }
    }

    @Test func aColumnOfAnotherTypeIsNotMisread() async throws {
        try await withDatabase { client in
            let queries: [PostgresQuery] = [
                "SELECT 1.5::numeric AS c", "SELECT now()::date AS c", "SELECT '1 day'::interval AS c",
                "SELECT gen_random_uuid() AS c", "SELECT 7 AS c", "SELECT now() AS c",
            ]
            for query in queries {
                let error = try await failure { try await client.value(query, as: String.self) }
                #expect(error?.code == .decoding, "\(query)")
            }
            let narrow = try await failure { try await client.value("SELECT 7::int8", as: Int32.self) }
            #expect(narrow?.code == .decoding)
        }
    }

    @Test func rowsAreReadByPlaceByNameAndOnlyWhole() async throws {
        try await withDatabase { client in
            let result = try await client.query(
                "SELECT 1::int2 AS a, 'x' AS b UNION ALL SELECT 2::int2, NULL ORDER BY a")
            #expect(result.columns == ["a", "b"])
            #expect(result.rows.count == 2)
            let rows = try result.rows.map { try $0.decode(Int.self, String?.self) }
            #expect(rows.map(\.0) == [1, 2])
            #expect(rows.map(\.1) == ["x", nil])
            let last = try #require(result.rows.last)
            #expect(try last.decode("a", as: Int16.self) == 2)
            #expect(try last.decode(column: 1, as: String?.self) == nil)
            #expect(throws: PostgresError.self) { try last.decode("c", as: Int.self) }
            #expect(throws: PostgresError.self) { try last.decode(Int.self) }
            #expect(throws: PostgresError.self) { try last.decode(Int.self, String?.self, Int.self) }
        }
    }

    @Test func aHundredThousandRowsGoInByUnnestAndComeOut() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id uuid PRIMARY KEY, n int8 NOT NULL, name text NOT NULL)")
            let ids = (0..<100_000).map { _ in UUID() }
            let names = ids.indices.map { "name \($0)" }
            let inserted = try await client.query(
                "INSERT INTO t SELECT * FROM unnest(\(ids), \(Array(ids.indices)), \(names))")
            #expect(inserted.affected == 100_000)
            let rows = try await client.query("SELECT id, n, name FROM t ORDER BY n").rows
            #expect(rows.count == 100_000)
            for (index, row) in rows.enumerated() {
                let (id, number, name) = try row.decode(UUID.self, Int.self, String.self)
                guard id == ids[index], number == index, name == names[index] else {
                    Issue.record("row \(index) differs")
                    break
                }
            }
        }
    }

    @Test func aValueThatPostgresCannotHoldIsNeverSent() async throws {
        try await withDatabase { client in
            let error = try await failure { try await client.query("SELECT \("a\0b")") }
            #expect(error?.code == .invalidArgument)
            #expect(error?.mayHaveRun == false)
        }
    }
}
