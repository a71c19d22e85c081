import CLibpq

/// Several statements in one round trip, by libpq's pipeline mode.
extension ConnectionHandle {
    /// One message of a batch.
    private enum Step {
        case prepare(StatementCache.Key, name: String)
        /// Statement `index`, by the name it was prepared under, if any.
        case run(index: Int, name: String?)
    }

    /// Runs all of `queries` in one implicit transaction, or none (inside an open transaction: as part of that).
    func batch(_ queries: [PostgresQuery], _ limits: CallLimits) throws(PostgresError) -> [PostgresResult] {
        guard !queries.isEmpty else { return [] }
        for query in queries { try validate(query) }
        return try repeatingStaleStatements(limits) { () throws(PostgresError) in
            let steps = try plan(queries, limits)
            return try perform(limits) { call throws(PostgresError) in
                guard PQenterPipelineMode(pointer) == 1 else { throw lost() }
                for step in steps {
                    switch step {
                    case .prepare(let key, let name): try sendPrepare(key, name: name)
                    case .run(let index, let name): try send(queries[index], name: name)
                    }
                }
                guard PQpipelineSync(pointer) == 1 else { throw lost() }
                try flush(&call)
                let results = try collect(steps, &call)
                return results.map(PostgresResult.init)
            }
        }
    }

    /// Statements not prepared yet are prepared within the batch, right before their first use, so that they may
    /// refer to what an earlier statement of the batch makes.
    private func plan(_ queries: [PostgresQuery], _ limits: CallLimits) throws(PostgresError) -> [Step] {
        let keys = queries.map { StatementCache.Key(text: $0.text, types: $0.bindings.types) }
        var names: [StatementCache.Key: String] = [:]
        for key in keys { names[key] = statements.name(of: key) }
        let missing = Set(keys).count - names.count
        let canPrepare = try makeRoom(statements: missing, keeping: names.count, limits)
        var steps: [Step] = []
        for (index, key) in keys.enumerated() {
            if names[key] == nil, canPrepare {
                let name = statements.newName()
                steps.append(.prepare(key, name: name))
                names[key] = name
            }
            steps.append(.run(index: index, name: names[key]))
        }
        return steps
    }

    /// Reads the results up to the end of the pipeline; one error undoes and ends the batch.
    private func collect(_ steps: [Step], _ call: inout OngoingCall) throws(PostgresError) -> [ResultStorage] {
        var results: [ResultStorage] = []
        var error: PostgresError?
        var position = 0
        var isAnswered = false
        while true {
            guard let result = try nextResult(&call) else {
                // The end of one step's results. Two ends in a row: the connection broke.
                guard isAnswered else { throw error ?? lost() }
                isAnswered = false
                position += 1
                continue
            }
            isAnswered = true
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                guard PQexitPipelineMode(pointer) == 1 else { throw lost() }
                if let error { throw error }
                return results
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                let storage = ResultStorage(result)
                switch position < steps.count ? steps[position] : nil {
                case .prepare(let key, let name): statements.insert(key, name: name)
                case .run: results.append(storage)
                case nil: break
                }
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                if error == nil {
                    error = failure(result)
                    error?.batchIndex = index(of: position, in: steps)
                }
                PQclear(result)
            }
        }
    }

    /// Which statement a step belongs to; nil past the last step, where the commit is.
    private func index(of position: Int, in steps: [Step]) -> Int? {
        for step in steps.dropFirst(position) {
            if case .run(let index, _) = step { return index }
        }
        return nil
    }
}
