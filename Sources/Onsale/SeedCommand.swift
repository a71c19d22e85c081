import ArgumentParser
import Foundation
import OnsaleConfiguration
import OrderRepository
import Ticketing

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed", abstract: "Fills a new deployment.", subcommands: [Demo.self])

    struct Demo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an administrator, a few buyers and a few events.",
            discussion: """
                The administrator's account is that of ONSALE_ADMIN_EMAIL and ONSALE_ADMIN_PASSWORD. Without a password \
                one is drawn and printed. What is there already stays as it is, so a second run changes nothing; but an \
                account of the administrator's address is made an administrator's.
                """)

        func run() async throws {
            try await Connections.withDeployment { connections in
                let config = connections.config
                let email = config.text("onsale.admin.email", default: "admin@onsale.example")
                let password = config.optional("onsale.admin.password", isSecret: true)
                guard let address = EmailAddress(email) else {
                    throw ConfigurationError(
                        .invalid, subject: "ONSALE_ADMIN_EMAIL", given: email, allowed: "an e-mail address")
                }
                guard password.map({ Limits.password.contains($0.unicodeScalars.count) }) ?? true else {
                    throw ConfigurationError(
                        .invalid, subject: "ONSALE_ADMIN_PASSWORD", allowed: "8 to 256 characters long")
                }
                let seed = DemoSeed(connections: connections)
                var lines = try await seed.administrator(address, password: password)
                lines += try await seed.buyers()
                lines += try await seed.events(now: Date())
                for line in lines { print(line) }
                if lines.isEmpty { print("everything was there already; nothing was changed") }
            }
        }
    }
}
