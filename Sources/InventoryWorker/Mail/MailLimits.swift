/// The numbers that bound a dispatcher of mails.
package struct MailLimits: Sendable {
    /// Mails a second; MAIL_RATE.
    package var rate: Int
    /// Mails taken at once: some for each connection, so that a slow one does not leave the others without work, and
    /// few, because a worker that is killed leaves that many to be sent a second time.
    package var batch: Int
    /// How long mails stay with the worker that took them: longer than all of a batch may take, and the time that mails
    /// wait after a worker's death.
    package var hidden: Duration
    /// How often it is looked for mails that are due.
    package var interval: Duration = .milliseconds(500)
    /// Pauses between a mail's attempts double from the first to the last figure, each jittered between half and all of
    /// it.
    package var firstPause: Duration = .seconds(5)
    package var longestPause: Duration = .seconds(3_600)
    /// Then it is given up on, about 17 hours after the first attempt: ten pauses make 0.7 to 1.4 hours, twenty of the
    /// longest 10 to 20.
    package var attempts = 30
    /// A mailed token that is older is of no use any more. Longer than a token's life, so that none is kept back.
    package var resetAge: Duration = .seconds(3_600)

    /// How long a mail that has ended is kept, for its order's owner and for operators. A row has about 200 bytes.
    package var keptAge: Duration = .seconds(90 * 86_400)

    /// - Parameters:
    ///   - connections: Mails under way at once.
    ///   - timeout: The longest that one may take.
    package init(rate: Int, connections: Int, timeout: Duration) {
        self.rate = rate
        batch = connections * Self.batchRatio
        hidden = timeout * (Self.batchRatio + 1)
    }

    private static let batchRatio = 4
}
