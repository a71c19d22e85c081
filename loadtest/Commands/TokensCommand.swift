import ArgumentParser
import Foundation
import PostgresClient

/// `loadtest tokens`: buyers for other tools, such as wrk.
struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Makes buyers and prints one access token per line.")

    @Option(help: "Number of buyers.")
    var count = 1

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count must be at least 1") }
    }

    func run() async throws {
        let accounts = try await BuyerAccounts.fromEnvironment()
        let buyers = try await accounts.make(count)
        let text = buyers.map { $0.token + "\n" }.joined()
        try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        await accounts.database.close()
    }
}
