import NIOCore
import Ticketing

/// What happens when a connection is free, when an answer comes and when none does.
extension BuyerLoop {
    /// A poll that is answered sooner than this without news was not held: the next one waits a little.
    private static let heldAtLeast: Instant = 100_000_000
    /// Wait before asking again when the service did not hold the poll and gave no `pollAfterMs`.
    private static let pollPause = TimeAmount.milliseconds(250)

    func request(for tag: Int, from pool: ConnectionPool) -> ByteBuffer? {
        let purchase = purchases[tag]
        guard !isOver, !purchase.isSettled else { return nil }
        let now = Self.now()
        if pool === purchasing {
            if purchase.attempts == 0 { record.waitedForConnection(now - conversations[tag].submittedAt) }
            purchases[tag].attempts += 1
            return writer.purchase(purchase, token: buyers[purchase.buyer].token)
        }
        conversations[tag].pollSentAt = now
        if conversations[tag].isLost, let receipt = purchase.receipt {
            return writer.recover(receipt, token: buyers[purchase.buyer].token)
        }
        return purchase.order.map {
            writer.poll($0, token: buyers[purchase.buyer].token, etag: conversations[tag].etag)
        }
    }

    func received(_ reply: HTTPReply, for tag: Int, from pool: ConnectionPool) {
        guard !isOver else { return }
        if pool === purchasing {
            answered(tag, PurchaseAnswer(reply))
        } else {
            polled(tag, OrderAnswer(reply))
        }
    }

    func lost(_ tag: Int, from pool: ConnectionPool) {
        guard !isOver else { return }
        if pool === purchasing {
            answered(tag, .unknown(retryAfter: nil))
        } else {
            polled(tag, .unavailable(retryAfter: nil))
        }
    }

    // MARK: Purchases

    private func answered(_ tag: Int, _ answer: PurchaseAnswer) {
        let now = Self.now()
        conversations[tag].lastCode = nil
        if case .busy(let code, _) = answer {
            conversations[tag].lastCode = code
            // The door-opener's knocking is no part of the load.
            if purchases[tag].wave > 0 { record.busyByCode[code, default: 0] += 1 }
        }
        switch purchases[tag].receive(answer, at: now) {
        case .retry(let seconds):
            retry(tag, atLeast: seconds)
        case .follow:
            conversations[tag].failures = 0
            if case .accepted(_, let etag, _) = answer { conversations[tag].etag = etag }
            record.accepted += 1
            if purchases[tag].wave == 1 { record.accepted(after: now - purchases[tag].intendedAt) }
            polling.submit(tag)
        case .done:
            if case .refused(let code) = answer { refused(tag, code, at: now) }
        }
    }

    private func refused(_ tag: Int, _ code: String, at now: Instant) {
        record.refusedByCode[code, default: 0] += 1
        if purchases[tag].wave == 1 { record.refused(after: now - purchases[tag].intendedAt) }
        settled()
    }

    private func retry(_ tag: Int, atLeast seconds: Int?) {
        if purchases[tag].wave > 0 { record.purchaseRetries += 1 }
        conversations[tag].failures += 1
        let policy = purchases[tag].wave == 0 ? RetryPolicy.eager : configuration.retry
        let wait = policy.wait(attempt: conversations[tag].failures, atLeast: seconds, using: &generator)
        schedule(in: wait) { self.submit(tag) }
    }

    // MARK: Polls

    private func polled(_ tag: Int, _ answer: OrderAnswer) {
        switch answer {
        case .state(let status, let failure, let etag, let pollAfter):
            record.polls += 1
            conversations[tag].failures = 0
            if conversations[tag].isLost { record.ordersRecovered += 1 }
            conversations[tag].isLost = false
            let isNews = etag == nil ? false : etag != conversations[tag].etag
            conversations[tag].etag = etag
            observed(tag, status, failure, isNews: isNews, pollAfter: pollAfter)
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

    private func observed(_ tag: Int, _ status: OrderStatus, _ failure: String?, isNews: Bool, pollAfter: Int?) {
        let now = Self.now()
        guard purchases[tag].observe(status, failure: failure, at: now) == .done else {
            return pollAgain(tag, isNews: isNews, pollAfter: pollAfter)
        }
        if status == .confirmed { record.confirmed += 1 } else { record.cancelled += 1 }
        if purchases[tag].wave == 1, let accepted = purchases[tag].acceptedAt {
            record.settled(after: now - accepted)
        }
        settled()
    }

    /// Asks again: at once after news or a held poll, otherwise after a pause.
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
