import NIOCore
import Ticketing

/// A buyer's account and the token that proves it.
struct Buyer: Sendable {
    let id: UserID
    let token: String
}

/// The buyers of one event loop: sends their purchases at the planned times, repeats what was lost, and follows each
/// order to its end.
///
/// Buyers are rows of an array driven from event-loop callbacks, not tasks: 30,000 tasks with their timers and
/// continuations cost more than the requests they make. Everything here runs on `loop`.
final class BuyerLoop: ConnectionPoolOwner {
    struct Configuration: Sendable {
        var event: EventID
        var endpoints: [Endpoint]
        /// Connections for purchases, and for polls, of this loop.
        var connections: Int
        var pollConnections: Int
        /// Seconds a poll asks to be held; the service allows up to 20.
        var pollWait: Int
        var purchaseTimeout = TimeAmount.seconds(10)
        /// Time beyond `pollWait` before a held poll counts as lost.
        var pollGrace = TimeAmount.seconds(5)
        /// Overdue requests are looked for this often.
        var sweepInterval = TimeAmount.milliseconds(250)
        /// Sends closer together than this leave in one turn of the loop: a fifth of a millisecond is below what the
        /// latencies are read to, and bounds the timer wake-ups to 5,000 a second.
        var tick = TimeAmount.microseconds(200)
        var retry = RetryPolicy()
    }

    /// What is remembered about a purchase only while it is under way.
    struct Conversation {
        /// When it was put in line for a connection.
        var submittedAt: Instant = 0
        var pollSentAt: Instant = 0
        /// Failures in a row, of the purchase or of its polls.
        var failures = 0
        var lastCode: String?
        var etag: String?
        /// The service does not know the order: the next request brings its receipt.
        var isLost = false
    }

    let loop: any EventLoop
    let configuration: Configuration
    let buyers: [Buyer]
    var purchases: [Purchase] = []
    var conversations: [Conversation] = []
    var record = LoadRecord()
    var generator: SeededGenerator
    var writer: RequestWriter
    /// Purchases of the running wave that are not settled.
    var unsettled = 0
    private(set) var isOver = false

    private var next = 0
    private var waveEnded: EventLoopPromise<Void>?
    private var deadline: Scheduled<Void>?
    private(set) lazy var purchasing = makePool(configuration.connections, configuration.purchaseTimeout)
    private(set) lazy var polling = makePool(
        configuration.pollConnections, .seconds(Int64(configuration.pollWait)) + configuration.pollGrace)

    init(loop: any EventLoop, configuration: Configuration, buyers: [Buyer], seed: UInt64) {
        self.loop = loop
        self.configuration = configuration
        self.buyers = buyers
        self.generator = SeededGenerator(seed: seed)
        self.writer = RequestWriter(
            event: configuration.event, authority: configuration.endpoints[0].authority, wait: configuration.pollWait)
    }

    static func now() -> Instant { Instant(NIODeadline.now().uptimeNanoseconds) }

    /// Opens the purchase connections and starts looking for overdue requests.
    func prepare() {
        purchasing.warm(configuration.connections)
        sweep()
    }

    /// Sends a wave; the future completes when each of its purchases is settled, or at the deadline.
    func start(_ plans: [PurchasePlan], wave: Int, at start: Instant, deadline end: Instant) -> EventLoopFuture<Void> {
        for plan in plans {
            purchases.append(
                Purchase(
                    buyer: plan.buyer, wave: wave, quantity: plan.quantity, paymentMethod: plan.paymentMethod,
                    intendedAt: start + plan.offset))
            conversations.append(Conversation())
        }
        unsettled += plans.count
        let promise = loop.makePromise(of: Void.self)
        waveEnded = promise
        deadline = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(UInt64(end))) { self.stop() }
        sendDue()
        finishIfSettled()
        return promise.futureResult
    }

    /// Ends everything that is still under way.
    func stop() {
        isOver = true
        for index in purchases.indices { purchases[index].stop(lastCode: conversations[index].lastCode) }
        unsettled = 0
        purchasing.stop()
        polling.stop()
        finishIfSettled()
    }

    /// Purchase `index` of the loop has reached its end.
    func settled() {
        unsettled -= 1
        finishIfSettled()
    }

    func schedule(in wait: TimeAmount, _ work: @escaping () -> Void) {
        loop.assumeIsolated().scheduleTask(in: wait) {
            if !self.isOver { work() }
        }
    }

    private func finishIfSettled() {
        guard unsettled == 0, let promise = waveEnded else { return }
        waveEnded = nil
        deadline?.cancel()
        promise.succeed()
    }

    private func sendDue() {
        guard !isOver else { return }
        let now = Self.now()
        while next < purchases.count, purchases[next].intendedAt <= now {
            record.began(now - purchases[next].intendedAt)
            submit(next)
            next += 1
        }
        guard next < purchases.count else { return }
        let wait = TimeAmount.nanoseconds(purchases[next].intendedAt - now)
        schedule(in: max(configuration.tick, wait)) { self.sendDue() }
    }

    /// Puts a purchase in line for a connection.
    func submit(_ index: Int) {
        conversations[index].submittedAt = Self.now()
        purchasing.submit(index)
    }

    private func sweep() {
        purchasing.closeOverdue(at: .now())
        polling.closeOverdue(at: .now())
        schedule(in: configuration.sweepInterval) { self.sweep() }
    }

    private func makePool(_ limit: Int, _ timeout: TimeAmount) -> ConnectionPool {
        ConnectionPool(
            loop: loop, endpoints: configuration.endpoints,
            configuration: ConnectionPool.Configuration(limit: limit, requestTimeout: timeout), owner: self)
    }
}
