import CoreMetrics
import Foundation
package import Logging
package import Mail
package import OrderRepository
import ServiceLifecycle
import Ticketing

/// Sends the mails that are due. Every worker has one; they share the mails.
///
/// A mail is sent at least once. Its `Message-ID` is made from its row, so that a receiver can tell a second time from
/// a second mail.
package struct MailDispatcher<Repository: MailRepository, Sender: Mailer>: Service {
    private let repository: Repository
    private let mailer: Sender
    private let writer: LetterWriter
    private let from: Mailbox
    private let limits: MailLimits
    private let logger: Logger
    private let time: TimeAndChance
    private let pauses: RetryPauses
    private let sent = Counter(label: "onsale_mails_sent_total")
    private let skipped = Counter(label: "onsale_mails_skipped_total")
    private let failed = Counter(label: "onsale_mail_failures_total")
    private let waiting = Gauge(label: "onsale_mails_waiting")
    /// Seconds that the oldest mail has waited.
    private let oldest = Gauge(label: "onsale_mails_oldest_seconds")
    private let dead = Gauge(label: "onsale_mails_dead")

    package init(
        repository: Repository, mailer: Sender, writer: LetterWriter, from: Mailbox, limits: MailLimits,
        logger: Logger, time: TimeAndChance = .machine
    ) {
        self.repository = repository
        self.mailer = mailer
        self.writer = writer
        self.from = from
        self.limits = limits
        self.logger = logger
        self.time = time
        pauses = RetryPauses(first: limits.firstPause, longest: limits.longestPause)
    }

    /// Ends by graceful shutdown once the mails in hand have ended, by cancellation at once.
    package func run() async throws {
        let loop = DispatchLoop(
            time: time, logger: logger, retryMessage: "mails.retry", interval: limits.interval, batch: limits.batch)
        try await loop.run(sleep: rest, dispatch: dispatch, look: look)
    }

    private func rest(_ duration: Duration) async throws {
        await time.pause(duration)
        if Task.isCancelled || Task.isShuttingDownGracefully { throw CancellationError() }
    }

    /// Sends what is due, once each, and no faster than the rate; returns how many mails there were.
    func dispatch() async throws -> Int {
        let start = time.now()
        let mails = try await repository.claimMails(limit: limits.batch, hidden: limits.hidden)
        guard !mails.isEmpty else { return 0 }
        let results = await withTaskGroup { group in
            for mail in mails { group.addTask { MailResult(mail, await self.outcome(of: mail)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try await repository.record(results)
        for result in results { note(result) }
        // A batch that is not full ends in a pause anyway. Also a pause of no length looks whether the worker is to
        // stop.
        let share = Duration.seconds(1) * mails.count / limits.rate - (time.now() - start)
        if mails.count == limits.batch { try await rest(max(share, .zero)) }
        return mails.count
    }

    private func look() async throws {
        // Up to a thousand each time are many times what can be sent meanwhile.
        _ = try await repository.forgetMails(olderThan: limits.keptAge)
        let depth = try await repository.mailDepth()
        waiting.record(depth.waiting)
        oldest.record(depth.oldest / .seconds(1))
        dead.record(depth.dead)
    }

    private func outcome(of mail: WaitingMail) async -> MailResult.Outcome {
        // `.invalid` is no domain of anybody (RFC 6761): an account that was deleted but whose orders stay has it.
        guard let recipient = mail.recipient, !recipient.email.hasSuffix(".invalid") else {
            return .skipped(code: WaitingMail.SkipCode.noRecipient.rawValue, reason: "the account is gone")
        }
        switch mail.content(resetAge: limits.resetAge) {
        case .overtaken(let reason):
            return .skipped(code: WaitingMail.SkipCode.overtaken.rawValue, reason: reason)
        case .letter(let letter):
            do throws(MailError) {
                try await mailer.send(try message(letter, to: recipient, of: mail))
                return .sent
            } catch {
                let isLast = error.isFinal || mail.attempts >= limits.attempts && error.code != .cancelled
                return .failed(
                    code: error.code.rawValue, failure: error.message,
                    pause: isLast ? nil : pauses.after(mail.attempts, time))
            }
        }
    }

    private func message(
        _ letter: Letter, to recipient: WaitingMail.Recipient, of mail: WaitingMail
    ) throws(MailError) -> MailMessage {
        guard let address = EmailAddress(recipient.email) else {
            throw MailError(.refused, "mail cannot be sent to an address of this form")
        }
        let (text, html) = writer.write(letter, greeting: recipient.name)
        return MailMessage(
            id: Self.messageID(of: mail), from: from, to: Mailbox(address, name: recipient.name),
            subject: letter.subject, text: text,
            html: html, date: Date(timeIntervalSince1970: Double(time.calendar()) / 1_000))
    }

    /// The row's number alone would come again in a database that was made anew.
    static func messageID(of mail: WaitingMail) -> String {
        "mail.\(mail.id).\(Int64((mail.createdAt.timeIntervalSince1970 * 1_000_000).rounded()))"
    }

    private func note(_ result: MailResult) {
        switch result.outcome {
        case .sent: sent.increment()
        case .skipped(_, let reason):
            skipped.increment()
            logger.debug("mail.skipped", metadata: ["mail.id": "\(result.mail.id)", "reason": "\(reason)"])
        case .failed(let code, let failure, let pause):
            failed.increment()
            // One mailbox that is no more is nothing an operator can mend; the metrics and `onsale mails` show it.
            logger.log(
                level: pause == nil && code != MailError.Code.refused.rawValue ? .error : .notice, "mail.failed",
                metadata: [
                    "mail.id": "\(result.mail.id)", "mail.kind": "\(result.mail.kind.rawValue)",
                    "attempts": "\(result.mail.attempts)", "dead": "\(pause == nil)", "code": "\(code)",
                    "error": "\(failure)",
                ])
        }
    }
}
