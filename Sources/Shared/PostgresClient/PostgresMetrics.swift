package import CoreMetrics

/// What is measured of the calls of one client: how long they wait for a connection, how long they use it, and how they
/// fail. Made once.
package struct PostgresMetrics: Sendable {
    private let wait: Timer
    private let call: Timer
    private let failures: [PostgresError.Code: Counter]

    /// - Parameter pool: Names the client among those of its program.
    package init(pool: String, factory: any MetricsFactory = MetricsSystem.factory) {
        let labels = [("pool", pool)]
        wait = Timer(label: "onsale_postgres_connection_wait_seconds", dimensions: labels, factory: factory)
        call = Timer(label: "onsale_postgres_call_duration_seconds", dimensions: labels, factory: factory)
        failures = Dictionary(
            uniqueKeysWithValues: PostgresError.Code.allCases.filter { $0 != .invalidURL }.map { code in
                (
                    code,
                    Counter(
                        label: "onsale_postgres_call_failures", dimensions: labels + [("code", code.label)],
                        factory: factory)
                )
            })
    }

    func waited(_ time: Duration) { wait.recordNanoseconds(Int64(time / .nanoseconds(1))) }

    func used(_ time: Duration) { call.recordNanoseconds(Int64(time / .nanoseconds(1))) }

    /// What a body throws of its own is none of Postgres' failures, nor that it refuses a row.
    func failed(_ error: any Error) {
        guard let error = error as? PostgresError, !(error.sqlState?.isRowsFault ?? false) else { return }
        failures[error.code]?.increment()
    }
}

extension PostgresError.Code {
    /// `pool_exhausted`: the values of labels are written like all other codes.
    fileprivate var label: String {
        rawValue.replacing("URL", with: "Url").reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
    }
}
