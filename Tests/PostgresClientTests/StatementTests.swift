import TestSupport
import Testing

@testable import PostgresClient

@Suite struct StatementTests {
    @Test func aBatchAnswersEachStatementInOrder() async throws {
        try await withDatabase { client in
            let results = try await client.batch([
                "CREATE TABLE t (id int8 PRIMARY KEY, name text)", "INSERT INTO t VALUES (\(1), \("a")), (2, 'b')",
                "SELECT name FROM t WHERE id = \(2)", "SELECT name FROM t WHERE id = \(1)", "DELETE FROM t",
            ])
            #expect(results.map(\.affected) == [0, 2, 1, 1, 2])
            #expect(try results[2].rows[0].decode(String.self) == "b")
            #expect(try results[3].rows[0].decode(String.self) == "a")
            #expect(try await client.batch([]).isEmpty)
        }
    }

    @Test func aBatchIsKeptWholeOrNotAtAll() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8 PRIMARY KEY)")
            let error = try await failure {
                try await client.batch([
                    "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))", "INSERT INTO t VALUES (\(1))",
                    "INSERT INTO t VALUES (\(3))",
                ])
            }
            #expect(error?.sqlState == .uniqueViolation)
            #expect(error?.batchIndex == 2)
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 0)
            let unknown = try await failure {
                try await client.batch(["INSERT INTO t VALUES (\(1))", "SELECT * FROM u"])
            }
            #expect(unknown?.sqlState == .undefinedTable)
            #expect(unknown?.batchIndex == 1)
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 0)
            #expect(client.statistics.idle == 1)
        }
    }

    @Test func aBatchInsideATransactionIsPartOfIt() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8 PRIMARY KEY)")
            try await client.withTransaction { connection in
                try await connection.batch(["INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))"])
                try await connection.query("INSERT INTO t VALUES (3)")
            }
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 3)
        }
    }

    @Test func aLargeBatchDoesNotBlockOnFullBuffers() async throws {
        try await withDatabase { client in
            let text = String(repeating: "x", count: 20_000)
            let results = try await client.batch((0..<1_000).map { "SELECT \($0) AS n, \(text)::text AS text" })
            #expect(results.count == 1_000)
            for (index, result) in results.enumerated() {
                let (number, echo) = try result.rows[0].decode(Int.self, String.self)
                guard number == index, echo == text else {
                    Issue.record("answer \(index) differs")
                    break
                }
            }
        }
    }

    @Test func aStatementIsPreparedOnceForEachConnection() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                for number in 0..<3 { try await connection.query("SELECT \(number) AS kept") }
                try await connection.batch(["SELECT \(3) AS kept", "SELECT \(4) AS batched", "SELECT \(5) AS batched"])
                let count: PostgresQuery = """
                    SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1 AS %'
                    """
                #expect(try await connection.query(count).rows[0].decode(Int.self) == 2)
            }
        }
    }

    @Test func theServerKeepsNoMoreStatementsThanTheCache() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                let capacity = StatementCache.defaultCapacity
                for number in 0..<capacity + 10 {
                    try await connection.query(PostgresQuery(unescaped: "SELECT \(number)"))
                }
                try await connection.batch((0..<10).map { PostgresQuery(unescaped: "SELECT \($0) AS batched") })
                try await connection.query("BEGIN")
                for number in 0..<10 { try await connection.query(PostgresQuery(unescaped: "SELECT -\(number)")) }
                try await connection.query("COMMIT")
                let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements").rows[0]
                #expect(try count.decode(Int.self) <= capacity)
            }
        }
    }

    @Test(arguments: ["DISCARD ALL", "DEALLOCATE ALL"])
    func statementsThatTheServerForgotArePreparedAgain(command: String) async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                let query: PostgresQuery = "SELECT \(7) AS n"
                try await connection.query(query)
                try await connection.execute(script: command)
                #expect(try await connection.query(query).rows[0].decode(Int.self) == 7)
                try await connection.execute(script: command)
                let results = try await connection.batch([query, query])
                #expect(try results[1].rows[0].decode(Int.self) == 7)
            }
        }
    }

    @Test func aChangedResultTypeIsReadAnew() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (a int4)")
            try await client.query("INSERT INTO t VALUES (1)")
            try await client.withConnection { connection in
                #expect(try await connection.query("SELECT * FROM t").columns == ["a"])
                try await connection.execute(script: "ALTER TABLE t ADD b text; ALTER TABLE t ALTER a TYPE text")
                let result = try await connection.query("SELECT * FROM t")
                #expect(result.columns == ["a", "b"])
                #expect(try result.rows[0].decode(String.self, String?.self) == ("1", nil))
                try await connection.execute(script: "ALTER TABLE t DROP b")
                #expect(try await connection.batch(["SELECT * FROM t"])[0].columns == ["a"])
            }
        }
    }

    @Test func aChangedResultTypeInsideATransactionFailsItOnlyOnce() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (a int4)")
            try await client.query("SELECT * FROM t")
            let error = try await failure {
                try await client.withTransaction { connection in
                    try await connection.query("ALTER TABLE t ADD b text")
                    try await connection.query("SELECT * FROM t")
                }
            }
            #expect(error?.sqlState == .featureNotSupported)
            let columns = try await client.withTransaction { connection in
                try await connection.query("ALTER TABLE t ADD b text")
                return try await connection.query("SELECT * FROM t").columns
            }
            #expect(columns == ["a", "b"])
        }
    }

    @Test func aScriptIsKeptWholeOrNotAtAll() async throws {
        try await withDatabase { client in
            let error = try await failure {
                try await client.withConnection { connection in
                    try await connection.execute(
                        script: "CREATE TABLE t (id int8); INSERT INTO t VALUES (1); SELECT 1/0")
                }
            }
            #expect(error?.sqlState == "22012")
            #expect(try await failure { try await client.query("SELECT * FROM t") }?.sqlState == .undefinedTable)
        }
    }
}
