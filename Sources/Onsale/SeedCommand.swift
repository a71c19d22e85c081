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
            abstract: "Makes an administrator (ONSALE_ADMIN_EMAIL, ONSALE_ADMIN_PASSWORD), a buyer and a few events.",
            discussion: "What is there already stays as it is, but the administrator's role.")

        func run() async throws {
            try await Connections.with { connections in
                let config = connections.config
                let email = config.text("onsale.admin.email", default: "admin@onsale.example")
                try await account(
                    email, password: config.optional("onsale.admin.password", isSecret: true), role: .admin, connections)
                try await account("buyer@onsale.example", password: "buyer password", role: .user, connections)
                try await events(connections)
            }
        }

        private func account(
            _ email: String, password: String?, role: Role, _ connections: Connections
        ) async throws {
            guard let address = EmailAddress(email) else { throw CommandFailure("\(email) is not an e-mail address") }
            guard try await connections.repository.credentials(email: email) == nil else {
                if role == .admin { _ = try await connections.repository.setRole(.admin, email: email) }
                print("\(role.rawValue) \(email) was there, with the password it has")
                return
            }
            let chosen = password ?? UUID().uuidString
            _ = try await connections.repository.createUser(
                email: address, passwordHash: connections.passwordHash(chosen), name: nil, role: role)
            // A password that came from the environment is known to whoever set it, and stays out of logs.
            print("\(role.rawValue) \(email)" + (role == .admin && password != nil ? "" : " / \(chosen)"))
        }

        private func events(_ connections: Connections) async throws {
            let known = try await connections.repository.events(after: nil, limit: 100).items.map(\.details.title)
            for event in DemoEvents.all(now: Date()) where !known.contains(event.title) {
                let made = try await connections.repository.createEvent(event)
                print("event \(made.id) \(event.title)")
            }
        }
    }
}

/// Events that show each state a sale can be in.
enum DemoEvents {
    private static let day: TimeInterval = 86_400

    static func all(now: Date) -> [EventDetails] {
        [
            EventDetails(
                title: "Northern Lights Festival", description: "Three days, four stages, one lake.",
                venue: "Lakeside Park", eventDate: now + 90 * day, ticketPrice: euros(129), totalTickets: 20_000,
                limitPerBuyer: 4, saleOpensAt: nil, saleClosesAt: now + 89 * day, saleState: .open),
            EventDetails(
                title: "Chamber Music by Candlelight", description: "Schubert and Ravel.", venue: "Old Town Hall",
                eventDate: now + 30 * day, ticketPrice: euros(45), totalTickets: 180, limitPerBuyer: 2,
                saleOpensAt: now + day, saleClosesAt: now + 30 * day, saleState: .scheduled),
            EventDetails(
                title: "City Derby", description: "The last match of the season.", venue: "Harbour Stadium",
                eventDate: now + 14 * day, ticketPrice: euros(38), totalTickets: 42_000, limitPerBuyer: 6,
                saleOpensAt: nil, saleClosesAt: nil, saleState: .paused),
            EventDetails(
                title: "Open Rehearsal", description: "Free, but seats are few.", venue: "Opera House",
                eventDate: now + 7 * day, ticketPrice: euros(0), totalTickets: 60, limitPerBuyer: 2,
                saleOpensAt: nil, saleClosesAt: nil, saleState: .open),
        ]
    }

    private static func euros(_ amount: Int64) -> Money { Money(amount: amount * 100, currency: .eur)! }
}
