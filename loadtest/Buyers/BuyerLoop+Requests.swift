import NIOCore
import Ticketing

/// What happens when a connection is free, when an answer comes and when none does.
extension BuyerLoop {
    func request(for tag: Int, from pool: ConnectionPool, at time: NIODeadline) -> ByteBuffer? {
        guard !isOver else { return nil }
        let now = Instant(time.uptimeNanoseconds)
        guard tag >= 0 else { return errandRequest(-tag - 1, at: now) }
        guard !purchases[tag].isSettled else { return nil }
        return pool === purchasing ? purchaseRequest(tag, at: now) : pollRequest(tag, at: now)
    }

    func received(_ reply: HTTPReply, for tag: Int, from pool: ConnectionPool) {
        guard !isOver else { return }
        if tag < 0 {
            errandAnswered(-tag - 1, reply)
        } else if pool === purchasing {
            let answers = configuration.target.purchaseAnswers
            if !answers.ordersAreOurs {
                conversations[tag].orderText = PurchaseAnswer.orderText(in: reply, by: answers)
            }
            answered(tag, PurchaseAnswer(reply, by: answers))
        } else {
            polled(tag, OrderAnswer(reply, by: configuration.target.statusAnswers))
        }
    }

    func lost(_ tag: Int, from pool: ConnectionPool) {
        guard !isOver else { return }
        if tag < 0 {
            errandAnswered(-tag - 1, nil)
        } else if pool === purchasing {
            answered(tag, .unknown(retryAfter: nil))
        } else {
            polled(tag, .unavailable(retryAfter: nil))
        }
    }

    func patience(for tag: Int, from pool: ConnectionPool) -> TimeAmount? {
        guard tag >= 0, pool === purchasing,
            case .impatient(let milliseconds) = journey(of: purchases[tag].visit)?.kind
        else { return nil }
        return .milliseconds(Int64(milliseconds))
    }

    private func purchaseRequest(_ tag: Int, at now: Instant) -> ByteBuffer {
        let purchase = purchases[tag]
        if purchase.attempts == 0 {
            record.waitedForConnection(now - conversations[tag].submittedAt, isLoopBusy: clock.isBusy)
        }
        purchases[tag].attempts += 1
        record.requests += 1
        conversations[tag].purchaseOperation = log.begin(.purchase, visit: purchase.visit.number, at: now)
        return requests.purchase(purchase, buyers[purchase.buyer])
    }

    private func pollRequest(_ tag: Int, at now: Instant) -> ByteBuffer? {
        let purchase = purchases[tag]
        guard let order = conversations[tag].orderText ?? purchase.order?.description else { return nil }
        let token = buyers[purchase.buyer].token
        var kind = Operation.Kind.poll
        var bytes: ByteBuffer?
        if conversations[tag].isLost, let receipt = purchase.receipt {
            bytes = requests.recover(receipt, token: token)
            if bytes != nil { kind = .recover }
        }
        conversations[tag].pollSentAt = now
        conversations[tag].pollOperation = log.begin(kind, visit: purchase.visit.number, at: now)
        record.requests += 1
        return bytes ?? requests.poll(order, token: token, etag: conversations[tag].etag)
    }
}
