import Synchronization

/// Keeps mails for tests to look at.
package final class InMemoryMailer: Mailer {
    private let messages = Mutex<[MailMessage]>([])
    private let failure = Mutex<(@Sendable (MailMessage) -> MailError?)?>(nil)

    package init() {}

    /// What was sent, in its order.
    package var sent: [MailMessage] { messages.withLock { $0 } }

    /// From now on a mail fails with what `body` returns for it; nil lets it pass.
    package func fail(_ body: @escaping @Sendable (MailMessage) -> MailError?) { failure.withLock { $0 = body } }

    package func send(_ message: MailMessage) async throws(MailError) {
        if let error = failure.withLock({ $0 })?(message) { throw error }
        messages.withLock { $0.append(message) }
    }
}
