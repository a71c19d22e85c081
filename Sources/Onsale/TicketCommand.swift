import ArgumentParser
import Foundation
import OrderRepository
import Ticketing

struct TicketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket", abstract: "Tells how a ticket stands, who has it, and how it changed hands.",
        discussion: """
            The chain of custody ends where the ticket lost this code; the code that its next holder got is not shown. The \
            exit status is 1 when there is no such ticket.
            """)

    @Argument(help: "The ticket's code.")
    var code: String

    func run() async throws {
        guard let code = TicketCode(code) else { throw ValidationError("\(code) is not a ticket code") }
        try await Connections.with { connections in
            let tickets = PostgresTicketRepository(postgres: connections.postgres)
            guard let ticket = try await tickets.ticket(code) else {
                throw CommandFailure("there is no ticket \(code)")
            }
            print(Self.lines(ticket, try await tickets.custody(of: code)).joined(separator: "\n"))
        }
    }

    static func lines(_ ticket: IssuedTicket, _ custody: [TicketTransfer]) -> [String] {
        var lines = [
            "\(ticket.code): \(ticket.status.rawValue)",
            "\(ticket.number) of \(ticket.count) of order \(ticket.order)",
            "event \(ticket.event.id), \(ticket.event.title), \(ticket.event.date.ISO8601Format())",
            "\(ticket.isReceived ? "received" : "bought") \(ticket.issuedAt.ISO8601Format()) by \(text(ticket.holder))",
        ]
        lines += custody.map { "\($0.at.ISO8601Format()) from \(text($0.from)) to \(text($0.to))" }
        if let use = ticket.use {
            let gate = use.gate.map { " at gate \($0)" } ?? ""
            let administrator = use.administrator.map { " by \($0)" } ?? ""
            lines.append("used \(use.at.ISO8601Format())\(gate)\(administrator)")
        }
        return lines
    }

    private static func text(_ holder: TicketHolder?) -> String {
        holder.map { "\($0.email ?? "a deleted account") (\($0.id))" } ?? "a deleted account"
    }
}
