/// One row of a result. Holding a row keeps the whole result in memory.
package struct PostgresRow: Sendable {
    let storage: ResultStorage
    let index: Int

    /// The columns from left to right, all of them: `let (id, name) = try row.decode(UUID.self, String?.self)`.
    /// - Throws: `.decoding` with the column's name when a value does not fit or the number of columns is another.
    package func decode<each T: PostgresDecodable>(
        _ types: repeat (each T).Type
    ) throws(PostgresError) -> (repeat each T) {
        var column = 0
        let values = (repeat try next(&column, as: each types))
        guard column == storage.columns.count else {
            throw PostgresError(.decoding, "the row has \(storage.columns.count) columns, \(column) were asked for")
        }
        return values
    }

    /// One column by its name.
    package func decode<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard let position = storage.columns.firstIndex(of: column) else {
            throw PostgresError(.decoding, "the row has no column \(column)", column: column)
        }
        return try storage.decode(row: index, column: position, as: type)
    }

    /// One column by its place, from 0.
    package func decode<T: PostgresDecodable>(
        column position: Int, as type: T.Type = T.self
    ) throws(PostgresError) -> T {
        try storage.decode(row: index, column: position, as: type)
    }

    private func next<T: PostgresDecodable>(_ column: inout Int, as type: T.Type) throws(PostgresError) -> T {
        defer { column += 1 }
        return try storage.decode(row: index, column: column, as: type)
    }
}
