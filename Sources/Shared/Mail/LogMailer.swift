package import Logging

/// Notes mails in the log instead of sending them. Their text, in which there may be secrets, only at level `debug`.
package struct LogMailer: Mailer {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func send(_ message: MailMessage) async throws(MailError) {
        logger.info("mail.logged", metadata: ["mail.id": "\(message.id)", "mail.subject": "\(message.subject)"])
        logger.debug("mail.text", metadata: ["mail.to": "\(message.to.address)", "mail.text": "\(message.text)"])
    }
}
