import ArgumentParser

/// The load generator: visits a service by a plan, measures it honestly, and proves that every promise was kept.
@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadtest", abstract: "Puts load on Onsale and checks that every promise held.",
        discussion: """
            Reads DATABASE_URL, JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE from the environment or .env: buyers are made \
            straight in Postgres and their tokens are signed here, so that making them is no part of the load.
            """,
        subcommands: [
            RunCommand.self, OnSaleCommand.self, AuditCommand.self, DiffCommand.self, AgentCommand.self,
            TokensCommand.self, SchemaCommand.self,
        ])
}
