/// How a client's connections are used at one instant.
package struct PostgresPoolStatistics: Sendable, Equatable {
    package let idle: Int
    package let leased: Int
    package let connecting: Int
    /// Callers that wait for a connection.
    package let waiting: Int
}
