import CLibpq

/// Statements, batches and scripts.
extension ConnectionHandle {
    /// Runs one statement, prepared at its first use.
    func query(_ query: PostgresQuery, _ limits: CallLimits) throws(PostgresError) -> PostgresResult {
        try validate(query)
        return try repeatingStaleStatements(limits) { () throws(PostgresError) in
            let name = try prepare(query, limits)
            return try perform(limits) { call throws(PostgresError) in
                try send(query, name: name)
                try flush(&call)
                return PostgresResult(try collect(&call))
            }
        }
    }

    /// Runs a text of one command without parameters and returns the server's word for what it did.
    func command(_ text: String, _ limits: CallLimits, hasEffects: Bool = false) throws(PostgresError) -> String {
        try perform(limits, hasEffects: hasEffects) { call throws(PostgresError) in
            guard PQsendQuery(pointer, text) == 1 else { throw lost() }
            try flush(&call)
            return try collect(&call).command
        }
    }

    /// Runs several statements of one text by the simple protocol.
    func execute(script: String, _ limits: CallLimits) throws(PostgresError) {
        guard !script.utf8.contains(0) else {
            throw PostgresError(.invalidArgument, "the script has a NUL character in it")
        }
        _ = try command(script, limits, hasEffects: true)
    }

    /// Reads all results of what was sent last and returns the last of them. An error anywhere counts, also one that
    /// follows a result: that is a commit which failed.
    private func collect(_ call: inout OngoingCall) throws(PostgresError) -> ResultStorage {
        var last: ResultStorage?
        var error: PostgresError?
        while let result = try nextResult(&call) {
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = ResultStorage(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                // The connection is left in the middle of the copy, so it is closed.
                throw PostgresError(.invalidArgument, "COPY is not supported")
            default:
                error = error ?? failure(result)
                PQclear(result)
            }
        }
        if let error { throw error }
        guard let last else { throw lost() }
        return last
    }

    /// Sends a statement by its prepared name, or with its text where there is none.
    func send(_ query: PostgresQuery, name: String?) throws(PostgresError) {
        let bindings = query.bindings
        let count = Int32(bindings.values.count)
        let isSent = bindings.withParameters { values, lengths, formats in
            if let name {
                PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 1)
            } else {
                PQsendQueryParams(pointer, query.text, count, bindings.types, values, lengths, formats, 1)
            }
        }
        guard isSent == 1 else { throw lost() }
    }

    func validate(_ query: PostgresQuery) throws(PostgresError) {
        if let reason = query.bindings.bytes.invalid { throw PostgresError(.invalidArgument, reason) }
        // The protocol counts parameters in 16 bits.
        guard query.bindings.values.count <= Int(UInt16.max), !query.text.utf8.contains(0) else {
            throw PostgresError(.invalidArgument, "more than 65,535 parameters, or a NUL character in the text")
        }
    }

    /// Name of the prepared statement; nil when it must run without, because there is no room inside a transaction.
    private func prepare(_ query: PostgresQuery, _ limits: CallLimits) throws(PostgresError) -> String? {
        let key = StatementCache.Key(text: query.text, types: query.bindings.types)
        if let name = statements.name(of: key) { return name }
        guard try makeRoom(statements: 1, keeping: 0, limits) else { return nil }
        let name = statements.newName()
        try perform(limits, hasEffects: false) { call throws(PostgresError) in
            try sendPrepare(key, name: name)
            try flush(&call)
            _ = try collect(&call)
        }
        statements.insert(key, name: name)
        return name
    }

    func sendPrepare(_ key: StatementCache.Key, name: String) throws(PostgresError) {
        guard PQsendPrepare(pointer, name, key.text, Int32(key.types.count), key.types) == 1 else { throw lost() }
    }

    /// Drops the statements unused for longest until `count` new ones fit, but none of the `kept` used last. Says
    /// false, and drops nothing, when that is impossible or inside a transaction, which an error of the drop would ruin.
    func makeRoom(statements count: Int, keeping kept: Int, _ limits: CallLimits) throws(PostgresError) -> Bool {
        if statements.hasRoom(for: count) { return true }
        guard isIdle, count + kept <= statements.capacity else { return false }
        while !statements.hasRoom(for: count), let name = statements.evict() {
            _ = try command("DEALLOCATE \(name)", limits)
        }
        return true
    }

    /// Runs `body` once more when the server has forgotten a prepared statement (`DISCARD`, `DEALLOCATE ALL`) or its
    /// result type has changed with the schema. Both are found before anything runs. Inside a transaction the
    /// statement cannot be repeated, because the server has given the transaction up: the error is passed on, and the
    /// connection leaves the pool.
    func repeatingStaleStatements<T>(
        _ limits: CallLimits, _ body: () throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        do throws(PostgresError) {
            return try body()
        } catch  where error.isStaleStatement {
            statements.removeAll()
            guard isIdle else {
                condition.retire()
                throw error
            }
            _ = try command("DEALLOCATE ALL", limits)
            return try body()
        }
    }
}
