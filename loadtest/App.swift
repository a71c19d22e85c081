import ArgumentParser

/// The load generator: sells out an event as fast as the service lets it, and audits what happened.
@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadtest", abstract: "Runs a flash on-sale against Onsale and checks that every promise held.",
        discussion: """
            Reads DATABASE_URL, JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE from the environment or .env: buyers are made \
            straight in Postgres and their tokens are signed here, so that making them is no part of the load.
            """,
        subcommands: [OnSaleCommand.self, TokensCommand.self])
}
