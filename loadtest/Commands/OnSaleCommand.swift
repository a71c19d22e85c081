import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import PostgresClient

/// `loadtest onsale`: one flash on-sale, from the empty event to the audit. Ends with 1 when a promise was broken.
struct OnSaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onsale", abstract: "Sells out an event under an open-model load and audits the result.")

    @OptionGroup
    var options: OnSaleOptions

    @Option(help: "File that the result is written to as JSON.")
    var json: String?

    func validate() throws {
        try options.check()
    }

    func run() async throws {
        let settings = try await options.settings()
        let accounts = try await BuyerAccounts.fromEnvironment()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let scenario = OnSaleScenario(
            settings: settings, group: group, accounts: accounts, books: SaleBooks(database: accounts.database))
        let report = try await scenario.run()
        print(report.text)
        if let json { try report.write(to: json) }
        await accounts.database.close()
        try await group.shutdownGracefully()
        if !report.violations.isEmpty { throw ExitCode(1) }
    }
}
