extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws or its task is cancelled.
    /// - Throws: what `body` throws; `.cancelled` when the task was cancelled by the time `body` returned;
    ///   `.transaction` when the server rolled back because a statement had failed and `body` went on; and what the
    ///   COMMIT throws. Only that can have `mayHaveRun`, which then says that the COMMIT may have happened.
    @discardableResult
    package func withTransaction<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await begin()
        let value: T
        do {
            value = try await body(self)
        } catch {
            await rollback()
            throw error
        }
        guard !Task.isCancelled else {
            await rollback()
            throw PostgresError(.cancelled, "the calling task was cancelled; nothing was committed")
        }
        try await commit()
        return value
    }
}
