import ArgumentParser
import Foundation
import InventoryStore
import OnsaleConfiguration
import OrderRepository
import Payments
import PostgresClient
import RedisClient
import Security

/// What a failed command says and which status it exits with.
struct CommandFailure: Error {
    /// sysexits.h: a service is not available, and a configuration error.
    static let unavailable = ExitCode(69)
    static let configuration = ExitCode(78)

    let message: String

    init(_ message: String) { self.message = message }

    /// Prints the error where it is ours; the library prints its own.
    static func exit(for error: any Error) -> any Error {
        let code: ExitCode
        switch error {
        case let failure as CommandFailure:
            FileHandle.standardError.write(Data("onsale: \(failure.message)\n".utf8))
            return ExitCode.failure
        case is ConfigurationError: code = configuration
        case let error as DeploymentError:
            switch error.code {
            case .partitionsDiffer: code = configuration
            case .unavailable: code = unavailable
            case .notMigrated, .failed: code = .failure
            }
        case let error as PostgresError: code = error.code == .invalidURL ? configuration : unavailable
        case let error as RedisClientError: code = error.code == .invalidURL ? configuration : unavailable
        case let error as MigrationError: code = error.code == .unavailable ? unavailable : .failure
        case let error as RepositoryError: code = error.code == .unavailable ? unavailable : .failure
        case is InventoryError, is PaymentError: code = unavailable
        case is PasswordError: code = .failure
        default: return error
        }
        FileHandle.standardError.write(Data("onsale: \(error)\n".utf8))
        return code
    }
}
