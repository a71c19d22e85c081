import Synchronization
import Threads

/// Hands mails to a mail server by SMTP (RFC 5321), on threads of its own, since libcurl waits where it is called.
package final class SMTPMailer: Mailer {
    /// Mails that may wait for a thread. A dispatcher takes no more at once than there are connections for; beyond it a
    /// mail is deferred.
    private static let queueLimit = 1_000

    private let configuration: SMTPConfiguration
    private let threads: WorkerThreads
    /// Those that no thread is using; at most as many as there are threads.
    private let idle = Mutex<[SMTPSession]>([])

    package init(configuration: SMTPConfiguration) throws {
        self.configuration = configuration
        threads = try WorkerThreads(count: configuration.connections, queueLimit: Self.queueLimit, idle: false)
    }

    package func send(_ message: MailMessage) async throws(MailError) {
        let isCancelled = CancellationFlag()
        let result: Result<Void, MailError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let accepted = threads.submit { [self] in
                    continuation.resume(
                        returning: Result { () throws(MailError) in try deliver(message, isCancelled) })
                }
                if !accepted {
                    continuation.resume(returning: .failure(MailError(.deferred, "too many mails are waiting")))
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        try result.get()
    }

    /// Blocks its thread.
    private func deliver(_ message: MailMessage, _ isCancelled: CancellationFlag) throws(MailError) {
        guard !isCancelled.isSet else { throw MailError(.cancelled, "nobody waits any more") }
        let waiting = idle.withLock { $0.popLast() }
        let session = if let waiting { waiting } else { try SMTPSession(configuration) }
        defer { idle.withLock { $0.append(session) } }
        try session.send(message, isCancelled)
    }
}
