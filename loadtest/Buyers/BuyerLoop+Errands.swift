import NIOCore
import Ticketing

/// Looks, log-ins, readings and copies.
extension BuyerLoop {
    /// Pause between two pages, or two readings, where the service advises none: as long as people look at something.
    private static let pause = TimeAmount.milliseconds(500)

    /// Begins an errand that belongs to a purchase.
    func run(_ errand: Errand) {
        errands.append(errand)
        submitErrand(-errands.count, at: Self.now())
    }

    func submitErrand(_ tag: Int, at now: Instant) {
        errands[-tag - 1].submittedAt = now
        if case .poll = errands[-tag - 1].kind { polling.submit(tag) } else { purchasing.submit(tag) }
    }

    func errandRequest(_ index: Int, at now: Instant) -> ByteBuffer? {
        guard let bytes = bytes(ofErrand: index) else {
            // The target has no such route, or there is no order to read.
            loop.execute { [bound = NIOLoopBound(self, eventLoop: loop)] in bound.value.settled() }
            return nil
        }
        if errands[index].isVisit, errands[index].step == 0 {
            record.waitedForConnection(now - errands[index].submittedAt, isLoopBusy: clock.isBusy)
        }
        errands[index].operation = log.begin(
            errands[index].operationKind, visit: errands[index].visit.number, dueAt: errands[index].dueAt, at: now)
        record.requests += 1
        return bytes
    }

    /// `reply` is nil when there was none.
    func errandAnswered(_ index: Int, _ reply: HTTPReply?) {
        let now = Self.now()
        let operation = errands[index].operation
        let sentAt = log.invokedAt(operation) ?? now
        switch errands[index].kind {
        case .copy(let tag):
            let answer =
                reply.map { PurchaseAnswer($0, by: configuration.target.purchaseAnswers) }
                ?? .unknown(retryAfter: nil)
            log.end(operation) { $0.end(at: now, answer) }
            if case .accepted(let order, _, _) = answer { acceptAfterAll(tag, order, at: now) }
        case .poll, .reread:
            let answer =
                reply.map { OrderAnswer($0, by: configuration.target.statusAnswers) }
                ?? .unavailable(retryAfter: nil)
            log.end(operation) { $0.end(at: now, answer) }
        case .browse, .logIn:
            log.end(operation) { $0.end(at: now, httpStatus: reply?.status ?? 0) }
        }
        if let series = errands[index].series {
            let isServed = reply.map { (200..<400).contains($0.status) } ?? false
            if isServed { record.served += 1 } else { record.unserved += 1 }
            if errands[index].visit.wave == 1, log.wasAnswered(operation) {
                record.answered(series, sinceIntended: now - errands[index].dueAt, sinceSent: now - sentAt)
            }
        }
        goOn(index, after: reply)
    }

    /// A copy was accepted; where its purchase had been refused, the order is followed now.
    private func acceptAfterAll(_ tag: Int, _ order: OrderID, at now: Instant) {
        guard purchases[tag].acceptAfterAll(order, at: now) else { return }
        record.accepted += 1
        unsettled += 1
        polling.submit(tag)
    }

    /// The next request of an errand, after the pause that the service or people want.
    private func goOn(_ index: Int, after reply: HTTPReply?) {
        errands[index].step += 1
        guard errands[index].step < errands[index].requests else { return settled() }
        if case .poll = errands[index].kind { errands[index].etag = reply?.etag }
        let pause = reply?.retryAfter.map { TimeAmount.seconds(Int64($0)) } ?? Self.pause
        errands[index].dueAt = Self.now() + pause.nanoseconds
        schedule(in: pause) { self.submitErrand(-index - 1, at: Self.now()) }
    }

    private func bytes(ofErrand index: Int) -> ByteBuffer? {
        switch errands[index].kind {
        case .copy(let tag): requests.purchase(purchases[tag], buyers[purchases[tag].buyer])
        case .poll: watched.map { requests.poll($0.order, token: $0.token, etag: errands[index].etag) }
        case .browse: requests.page(errands[index].step, journey: errands[index].visit.journey)
        case .logIn: requests.logIn(buyers[errands[index].visit.buyer])
        case .reread(let tag):
            (conversations[tag].orderText ?? purchases[tag].order?.description).map {
                requests.poll($0, token: buyers[purchases[tag].buyer].token, etag: nil)
            }
        }
    }
}
