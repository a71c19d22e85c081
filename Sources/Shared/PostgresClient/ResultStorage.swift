import CLibpq

/// One result of libpq, freed with its last row.
///
/// `@unchecked Sendable` because a finished `PGresult` is never changed: any thread may read it.
final class ResultStorage: @unchecked Sendable {
    private let result: OpaquePointer
    let columns: [String]
    private let types: [PostgresType]
    let rowCount: Int
    /// Rows inserted, updated, deleted or selected; 0 for other commands.
    let affected: Int

    /// The server's word for what was done, such as `COMMIT` or `INSERT 0 3`.
    let command: String

    /// Takes over `result`.
    init(_ result: OpaquePointer) {
        self.result = result
        let columnCount = PQnfields(result)
        self.columns = (0..<columnCount).map { String(cString: PQfname(result, $0)) }
        self.types = (0..<columnCount).map { PostgresType(rawValue: PQftype(result, $0)) }
        self.command = String(cString: PQcmdStatus(result))
        self.rowCount = Int(PQntuples(result))
        self.affected = Int(String(cString: PQcmdTuples(result))) ?? 0  // Empty for commands that count nothing.
    }

    deinit { PQclear(result) }

    func decode<T: PostgresDecodable>(row: Int, column: Int, as _: T.Type) throws(PostgresError) -> T {
        guard column < types.count else {
            throw PostgresError(.decoding, "the row has \(types.count) columns, more were asked for")
        }
        let (row, index) = (Int32(row), Int32(column))
        do throws(PostgresError) {
            if PQgetisnull(result, row, index) != 0 { return try T.decodeNull() }
            let bytes = UnsafeRawBufferPointer(
                start: PQgetvalue(result, row, index), count: Int(PQgetlength(result, row, index)))
            return try T.decode(bytes, type: types[column])
        } catch {
            var located = error
            located.column = columns[column]
            located.message = "column \(columns[column]): \(error.message)"
            throw located
        }
    }
}
