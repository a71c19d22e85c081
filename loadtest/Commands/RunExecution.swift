import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import PostgresClient

/// Carries out a run for a command: opens what it needs, keeps the history, prints and writes the report.
struct RunExecution: Sendable {
    var settings: RunSettings
    var files: ReportFiles
    var history: String?

    /// Whether accounts must be made in the service's own database.
    private var needsBackstage: Bool {
        settings.administrator != nil
            && (settings.scenario.sale != nil || settings.scenario.journeys.contains { $0.kind == .logIn })
    }

    func run() async throws -> RunReport {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.scenario.traffic.threads)
        var backstage: Backstage?
        if needsBackstage {
            let accounts = try await BuyerAccounts.fromEnvironment()
            backstage = Backstage(accounts: accounts, books: SaleBooks(database: accounts.database))
        }
        let record = try await ScenarioRun(
            settings: settings, group: group, backstage: backstage, display: LiveDisplay()
        ).run()
        if let history { try record.write(to: history) }
        let report = RunReport(record)
        print(report.text)
        try files.write(report)
        await backstage?.accounts.database.close()
        try await group.shutdownGracefully()
        return report
    }
}
