import Foundation
import OrderRepository
import QRCodes
import TicketPages
import Ticketing

/// A ticket's code could not be drawn: impossible for a code and a size that were checked.
struct TicketImageError: Error {}

extension IssuedTicket {
    /// Its code as a QR code: the 26 characters and nothing else, so that any reader gives what `redeem` takes.
    var matrix: QRMatrix {
        get throws {
            guard let matrix = QRMatrix(code.text) else { throw TicketImageError() }
            return matrix
        }
    }

    /// Why it has no image; nil when it has one. A used ticket has: at the gate it tells when it was used.
    var imageProblem: Problem? {
        switch status {
        case .valid, .used: nil
        case .cancelled: TicketProblems.cancelled
        case .transferred: TicketProblems.transferred
        }
    }
}

extension TicketPage.Sheet {
    init(_ ticket: IssuedTicket) throws {
        self.init(
            event: ticket.event.title, venue: ticket.event.venue, date: Timestamp.sentence(ticket.event.date),
            number: ticket.number, count: ticket.count, holder: ticket.holder.name, code: ticket.code.text,
            qr: ticket.status == .valid ? try ticket.matrix : nil, notice: Self.notice(ticket))
    }

    private static func notice(_ ticket: IssuedTicket) -> String? {
        switch ticket.status {
        case .valid: nil
        case .used: "Used" + (ticket.use.map { " on \(Timestamp.sentence($0.at))" } ?? "")
        case .cancelled: "Cancelled"
        case .transferred: "Handed to somebody else"
        }
    }
}

extension Timestamp {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// For a page in English: `21 June 2030, 20:00 UTC`.
    static func sentence(_ date: Date) -> String {
        let minutes = Int64((Double(milliseconds(date)) / 60_000).rounded(.down))
        let days = Int64((Double(minutes) / 1_440).rounded(.down))
        let (year, month, day) = civil(days: days)
        let inDay = minutes - days * 1_440
        let clock = [inDay / 60, inDay % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "\(day) \(months[Int(month) - 1]) \(year), \(clock) UTC"
    }
}
