/// Hands mails over to be delivered.
///
/// Live: `SMTPMailer`; `LogMailer` for a deployment without a mail server. In memory: `InMemoryMailer`.
package protocol Mailer: Sendable {
    /// Returns once the mail was taken over. After an error it may have been taken over all the same, and only the word
    /// of it be lost: sending it again is right, since its `Message-ID` is the same.
    func send(_ message: MailMessage) async throws(MailError)
}

/// Why a mail was not taken over.
package struct MailError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The mail server does not take this mail, now or later: no such mailbox, for example.
        case refused
        /// The mail server wants to be asked again later.
        case deferred
        /// The mail server cannot be reached or used: network, TLS, log-in, or it does not take mails of this sender.
        case unavailable
        /// The task was cancelled before the mail server had answered.
        case cancelled
    }

    package let code: Code
    /// For operators; without the receiver's address.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether trying again does not help.
    package var isFinal: Bool { code == .refused }

    package var description: String { "\(code.rawValue): \(message)" }
}
