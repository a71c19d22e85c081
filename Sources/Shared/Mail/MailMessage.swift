package import Foundation

/// A mail to one person, as text and as HTML.
package struct MailMessage: Hashable, Sendable {
    /// What the `Message-ID` has before the sender's domain: letters, digits, dots. The same in each attempt to send
    /// the mail, so that a receiver that has it already knows it again.
    package var id: String
    package var from: Mailbox
    package var to: Mailbox
    package var subject: String
    package var text: String
    package var html: String
    package var date: Date

    package init(
        id: String, from: Mailbox, to: Mailbox, subject: String, text: String, html: String, date: Date
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.date = date
    }
}
