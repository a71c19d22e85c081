import NIOCore
import Ticketing

/// Purchases: from the first sending to the end of the order.
extension BuyerLoop {
    /// A poll that is answered sooner than this without news was not held: the next one waits a little.
    private static let heldAtLeast: Instant = 100_000_000
    /// Wait before asking again when the service did not hold the poll and gave neither `Retry-After` nor
    /// `pollAfterMs`.
    private static let pollPause = TimeAmount.milliseconds(250)

    func answered(_ tag: Int, _ answer: PurchaseAnswer) {
        let now = Self.now()
        let operation = conversations[tag].purchaseOperation
        let sentAt = log.invokedAt(operation) ?? now
        log.end(operation) { $0.end(at: now, answer) }
        conversations[tag].lastCode = nil
        if case .busy(let code, _) = answer {
            conversations[tag].lastCode = code
            // The door-opener's knocking is no part of the load.
            if purchases[tag].wave > 0 { record.busyByCode[code, default: 0] += 1 }
        }
        switch purchases[tag].receive(answer, at: now) {
        case .retry(let seconds):
            retry(tag, answer, atLeast: seconds, at: now)
        case .follow:
            accepted(tag, answer, sentAt: sentAt, at: now)
        case .done:
            if case .refused(let code) = answer { refused(tag, code, sentAt: sentAt, at: now) }
        }
    }

    private func accepted(_ tag: Int, _ answer: PurchaseAnswer, sentAt: Instant, at now: Instant) {
        conversations[tag].failures = 0
        if case .accepted(_, let etag, _) = answer { conversations[tag].etag = etag }
        record.accepted += 1
        measure(.accept, purchases[tag].visit, sentAt: sentAt, at: now)
        if journey(of: purchases[tag].visit)?.follows ?? true {
            polling.submit(tag)
        } else {
            conversations[tag].isAbandoned = true
            settled()
        }
    }

    private func refused(_ tag: Int, _ code: String, sentAt: Instant, at now: Instant) {
        record.refusedByCode[code, default: 0] += 1
        measure(.refuse, purchases[tag].visit, sentAt: sentAt, at: now)
        settled()
    }

    private func retry(_ tag: Int, _ answer: PurchaseAnswer, atLeast seconds: Int?, at now: Instant) {
        let visit = purchases[tag].visit
        if case .busy(let code, _) = answer, journey(of: visit)?.isPatient == false {
            // A program takes a "later" for a no and goes on with its next key.
            purchases[tag].giveUp(code, at: now)
            return settled()
        }
        if visit.wave > 0 { record.purchaseRetries += 1 }
        conversations[tag].failures += 1
        let policy = visit.wave == 0 ? RetryPolicy.eager : configuration.retry
        let wait = policy.wait(attempt: conversations[tag].failures, atLeast: seconds, using: &generator)
        schedule(in: wait) { self.submit(tag, at: Self.now()) }
    }

    /// Only the measured wave counts.
    func measure(_ series: LatencySeries, _ visit: Visit, sentAt: Instant, at now: Instant) {
        guard visit.wave == 1 else { return }
        record.answered(series, sinceIntended: now - visit.intendedAt, sinceSent: now - sentAt)
    }

    // MARK: Polls

    func polled(_ tag: Int, _ answer: OrderAnswer) {
        let now = Self.now()
        log.end(conversations[tag].pollOperation) { $0.end(at: now, answer) }
        switch answer {
        case .state(let state):
            record.polls += 1
            conversations[tag].failures = 0
            if conversations[tag].isLost { record.ordersRecovered += 1 }
            conversations[tag].isLost = false
            let isNews = state.etag == nil ? false : state.etag != conversations[tag].etag
            conversations[tag].etag = state.etag
            observed(tag, state, isNews: isNews, at: now)
        case .unchanged:
            record.polls += 1
            record.notModified += 1
            conversations[tag].failures = 0
            pollAgain(tag, isNews: false, pollAfter: nil)
        case .missing:
            record.polls += 1
            record.ordersMissing += 1
            let isFirst = !conversations[tag].isLost
            conversations[tag].isLost = true
            if isFirst { polling.submit(tag) } else { pollLater(tag, atLeast: nil) }
        case .unavailable(let seconds):
            pollLater(tag, atLeast: seconds)
        }
    }

    private func observed(_ tag: Int, _ state: OrderState, isNews: Bool, at now: Instant) {
        guard purchases[tag].observe(state.status, failure: state.failure, at: now) == .done else {
            return pollAgain(tag, isNews: isNews, pollAfter: state.pollAfter)
        }
        if state.status == .confirmed { record.confirmed += 1 } else { record.cancelled += 1 }
        if let accepted = purchases[tag].acceptedAt, purchases[tag].wave == 1, !conversations[tag].isAbandoned {
            record.answered(.settle, sinceIntended: now - accepted, sinceSent: now - accepted)
        }
        settled()
    }

    /// Asks again: at once after news or a held poll, otherwise after the pause that the service advised.
    private func pollAgain(_ tag: Int, isNews: Bool, pollAfter: Int?) {
        if isNews || Self.now() - conversations[tag].pollSentAt >= Self.heldAtLeast {
            polling.submit(tag)
        } else {
            schedule(in: pollAfter.map { .milliseconds(Int64($0)) } ?? Self.pollPause) { self.polling.submit(tag) }
        }
    }

    private func pollLater(_ tag: Int, atLeast seconds: Int?) {
        conversations[tag].failures += 1
        let wait = configuration.retry.wait(
            attempt: conversations[tag].failures, atLeast: seconds, using: &generator)
        schedule(in: wait) { self.polling.submit(tag) }
    }
}
