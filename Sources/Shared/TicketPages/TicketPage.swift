import Mustache
package import QRCodes

/// A page of tickets to print: HTML that needs nothing but itself.
package struct TicketPage: Sendable {
    /// One ticket, in words for people. Nothing in it needs to be escaped.
    package struct Sheet: Sendable {
        let event: String
        let venue: String
        let date: String
        let number: Int
        let count: Int
        let holder: String?
        /// In groups, for reading aloud.
        let code: [String]
        /// nil for a ticket that admits nobody; then `notice` says why.
        let path: String?
        let side: Int
        let notice: String?

        /// - Parameter qr: nil for a ticket that admits nobody.
        package init(
            event: String, venue: String, date: String, number: Int, count: Int, holder: String?, code: String,
            qr: QRMatrix?, notice: String?
        ) {
            self.event = event
            self.venue = venue
            self.date = date
            self.number = number
            self.count = count
            self.holder = holder
            self.code = Self.groups(of: code)
            self.path = qr?.path
            self.side = (qr?.side ?? 0) + 2 * QRMatrix.quietZone
            self.notice = notice
        }

        /// Of four characters, as much as people remember between two looks.
        private static func groups(of code: String) -> [String] {
            stride(from: 0, to: code.count, by: 4).map { String(code.dropFirst($0).prefix(4)) }
        }
    }

    private struct Content {
        let title: String
        let tickets: [Sheet]
    }

    private let template: MustacheTemplate

    /// - Throws: When the template cannot be read, which a program finds out when it starts.
    package init() throws {
        template = try MustacheTemplate(string: String(decoding: PackageResources.tickets_mustache, as: UTF8.self))
    }

    /// - Parameter title: What a browser calls the page and the file it is saved as.
    package func render(title: String, _ tickets: [Sheet]) -> String {
        template.render(Content(title: title, tickets: tickets))
    }
}
