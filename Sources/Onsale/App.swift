import ArgumentParser

/// The operator's command. Answers go to standard output, logs to standard error.
///
/// Exit status: 0; 1 when the answer is a no (a ledger out of balance); 2 when `reconcile` could not compare; 64 for
/// wrong usage; 69 when a server is not reachable; 78 for a setting that is missing or wrong.
@main
struct Onsale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onsale", abstract: "Runs an Onsale deployment.",
        subcommands: [
            MigrateCommand.self, SeedCommand.self, UserCommand.self, LedgerCommand.self, ReconcileCommand.self,
            OutboxCommand.self, MailsCommand.self, TicketCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: CommandFailure.exit(for: error))
        }
    }
}
