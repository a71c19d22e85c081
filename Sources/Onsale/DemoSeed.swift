import Foundation
import OrderRepository
import Ticketing

/// Makes what a demo needs and is not there yet. Each part returns a line for everything that it made or changed.
struct DemoSeed {
    let connections: Connections

    private var repository: PostgresOrderRepository { connections.repository }

    /// The buyers' password. No secret: it stands in the documentation, so that anyone can try the demo.
    static let buyerPassword = "buyer password"
    private static let buyers = [
        ("buyer@onsale.example", "Bea Buyer"), ("ada@onsale.example", "Ada"), ("max@onsale.example", "Max"),
    ]
    /// Events that one read of the list brings.
    private static let pageSize = 100

    func administrator(_ email: EmailAddress, password: String?) async throws -> [String] {
        if let known = try await repository.credentials(email: email.text)?.user {
            guard known.role != .admin else { return [] }
            _ = try await repository.setRole(.admin, email: email.text)
            return ["admin \(email), with the password it had"]
        }
        let chosen = password ?? UUID().text
        _ = try await repository.createUser(
            email: email, passwordHash: connections.passwordHash(chosen), name: nil, role: .admin)
        // A password that was given is known to whoever gave it, and stays out of the output.
        return ["admin \(email)" + (password == nil ? " / \(chosen)" : "")]
    }

    func buyers() async throws -> [String] {
        var lines: [String] = []
        for (text, name) in Self.buyers {
            guard let email = EmailAddress(text), try await repository.credentials(email: text) == nil else { continue }
            _ = try await repository.createUser(
                email: email, passwordHash: connections.passwordHash(Self.buyerPassword), name: name, role: .user)
            lines.append("buyer \(email) / \(Self.buyerPassword)")
        }
        return lines
    }

    /// An event counts as there when one has its title, wherever it is in the list.
    func events(now: Date) async throws -> [String] {
        var known: Set<String> = []
        var cursor: PageCursor?
        repeat {
            let page = try await repository.events(matching: .all, after: cursor, limit: Self.pageSize)
            known.formUnion(page.items.map(\.details.title))
            cursor = page.next
        } while cursor != nil
        var lines: [String] = []
        for event in DemoEvents.all(now: now) where !known.contains(event.title) {
            let made = try await repository.createEvent(event)
            lines.append("event \(made.id) \(event.title) (\(event.saleState.rawValue), \(event.totalTickets) tickets)")
        }
        return lines
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
