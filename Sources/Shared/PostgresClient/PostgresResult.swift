/// What a statement gave back.
package struct PostgresResult: Sendable {
    private let storage: ResultStorage

    init(_ storage: ResultStorage) { self.storage = storage }

    package var rows: PostgresRows { PostgresRows(storage: storage) }

    /// Rows inserted, updated, deleted or selected.
    package var affected: Int { storage.affected }

    /// The names of the columns, from left to right.
    package var columns: [String] { storage.columns }
}

/// The rows of a result, each made when it is asked for.
package struct PostgresRows: RandomAccessCollection, Sendable {
    let storage: ResultStorage

    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.rowCount }

    package subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "row \(position) of \(count)")
        return PostgresRow(storage: storage, index: position)
    }
}
