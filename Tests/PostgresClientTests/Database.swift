import Logging
import TestSupport

@testable import PostgresClient

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The URL of a new database on the server that all tests share.
func database() async throws -> String {
    try await blocking { try PostgresServer.shared.createDatabase() }
}

/// A database of its own for one test, and a client of it that is closed afterwards.
func withDatabase<T>(
    isolation: isolated (any Actor)? = #isolation,
    configure: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresClient) async throws -> T
) async throws -> T {
    try await withClient(url: try await database(), configure: configure, body)
}

func withClient<T>(
    isolation: isolated (any Actor)? = #isolation,
    url: String, configure: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresClient) async throws -> T
) async throws -> T {
    var configuration = try PostgresConfiguration(url: url)
    // A machine that is busy with tests answers late.
    configuration.cancelGrace = .seconds(20)
    configuration.acquireTimeout = .seconds(60)
    configuration.connectTimeout = .seconds(30)
    configure(&configuration)
    let client = PostgresClient(configuration: configuration, logger: quietLogger)
    do {
        let value = try await body(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

/// What `body` throws as a ``PostgresError``; nil when it throws nothing.
func failure<T>(
    isolation: isolated (any Actor)? = #isolation, of body: () async throws -> T
) async throws -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch let error as PostgresError {
        return error
    }
}

extension PostgresClient {
    /// The one value of a query's one row.
    func value<T: PostgresDecodable>(_ query: PostgresQuery, as type: T.Type = T.self) async throws -> T {
        let rows = try await self.query(query).rows
        guard let row = rows.first else { throw ServerError(description: "no row") }
        return try row.decode(type)
    }
}
