import Foundation
import NIOCore
import Ticketing

/// The visitors of one event loop: begins their visits at the planned times, repeats what was lost, and follows each
/// order to its end.
///
/// Visitors are rows of arrays driven from event-loop callbacks, not tasks: 30,000 tasks with their timers and
/// continuations cost more than the requests they make. Everything here runs on `loop`. A tag from 0 on is a purchase,
/// one below 0 an errand.
final class BuyerLoop: ConnectionPoolOwner, NIOScheduledCallbackHandler {
    struct Configuration: Sendable {
        var target = Target.onsale
        var journeys: [Journey] = []
        var event: EventID?
        /// What the accounts log in with.
        var password = ""
        var endpoints: [Endpoint]
        /// Connections for purchases, and for polls, of this loop.
        var connections: Int
        var pollConnections: Int
        var version = Scenario.Traffic.Version.http1
        var keepAlive = true
        /// Seconds a poll asks to be held; the service allows up to 20.
        var pollWait: Int
        var purchaseTimeout = TimeAmount.seconds(10)
        /// Time beyond `pollWait` before a held poll counts as lost.
        var pollGrace = TimeAmount.seconds(5)
        /// Overdue requests are looked for this often. Visitors who lose patience within less are served as exactly.
        var sweepInterval = TimeAmount.milliseconds(50)
        /// Sends closer together than this leave in one turn of the loop, which bounds the timer wake-ups to 1,000 a
        /// second. Corrected latencies count from the planned instant, so they hold up to a millisecond of it; a fifth of
        /// that cost a third more processor time for each request (`make bench-loadtest`).
        var tick = TimeAmount.milliseconds(1)
        /// How often the loop looks at how late its own timers are.
        var probeInterval = TimeAmount.milliseconds(10)
        var retry = RetryPolicy()
    }

    /// What is remembered about a purchase only while it is under way.
    struct Conversation {
        /// When it was put in line for a connection.
        var submittedAt: Instant = 0
        var pollSentAt: Instant = 0
        /// Its purchase and its poll in `log`.
        var purchaseOperation = 0
        var pollOperation = 0
        /// Failures in a row, of the purchase or of its polls.
        var failures = 0
        var lastCode: String?
        var etag: String?
        /// The order's id as the service wrote it, where it is no UUID.
        var orderText: String?
        /// The service does not know the order: the next request brings its receipt.
        var isLost = false
        /// Its buyer went away after the 202: it counts as settled, and is followed after the load.
        var isAbandoned = false
    }

    let loop: any EventLoop
    let configuration: Configuration
    let requests: VisitRequests
    let buyers: [Buyer]
    var purchases: [Purchase] = []
    var conversations: [Conversation] = []
    var errands: [Errand] = []
    var log = OperationLog()
    var record = LoadRecord()
    var generator: SeededGenerator
    /// What the journey `poll` reads.
    var watched: WatchedOrder?
    /// Visits of the running wave that are not settled.
    var unsettled = 0
    private(set) var clock: LoopClock
    private(set) var isOver = false

    /// Tags in the order of their intended times, and the first that was not begun.
    private var line: [(tag: Int, dueAt: Instant)] = []
    private var next = 0
    private var wave = 0
    private var waveEnded: EventLoopPromise<Void>?
    private var deadline: Scheduled<Void>?
    let purchasing: ConnectionPool
    let polling: ConnectionPool

    init(loop: any EventLoop, configuration: Configuration, buyers: [Buyer], seed: UInt64) {
        self.loop = loop
        self.configuration = configuration
        self.buyers = buyers
        self.generator = SeededGenerator(seed: seed)
        self.clock = LoopClock(at: Self.now(), .current())
        self.requests = VisitRequests(
            configuration.target, journeys: configuration.journeys, event: configuration.event,
            authority: configuration.endpoints[0].authority, wait: configuration.pollWait,
            password: configuration.password)
        func pool(_ limit: Int, _ timeout: TimeAmount) -> ConnectionPool {
            ConnectionPool(
                loop: loop, endpoints: configuration.endpoints,
                configuration: ConnectionPool.Configuration(
                    limit: limit, requestTimeout: timeout, version: configuration.version,
                    keepAlive: configuration.keepAlive))
        }
        self.purchasing = pool(configuration.connections, configuration.purchaseTimeout)
        self.polling = pool(
            configuration.pollConnections, .seconds(Int64(configuration.pollWait)) + configuration.pollGrace)
        purchasing.owner = self
        polling.owner = self
    }

    static func now() -> Instant { Instant(NIODeadline.now().uptimeNanoseconds) }

    /// Opens the purchase connections and starts looking for overdue requests.
    func prepare() {
        if configuration.keepAlive { purchasing.warm(configuration.connections) }
        sweep()
        probe(dueAt: Self.now())
    }

    /// Begins a wave; the future completes when each of its visits is settled, or at the deadline.
    func start(
        _ arrivals: [Arrival], wave: Int, at start: Instant, deadline end: Instant
    ) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        guard !isOver else {
            promise.succeed()
            return promise.futureResult
        }
        line.removeAll(keepingCapacity: true)
        next = 0
        self.wave = wave
        for arrival in arrivals {
            let visit = Visit(arrival, wave: wave, start: start)
            line.append((add(visit), visit.intendedAt))
        }
        unsettled += arrivals.count
        waveEnded = promise
        deadline = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(UInt64(end))) { self.stop() }
        sendDue()
        finishIfSettled()
        return promise.futureResult
    }

    /// Follows the orders of those who went away, and reads `rereads` ended ones again; the future completes when that
    /// is done, or at the deadline.
    func look(rereads: Int, deadline end: Instant) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        guard !isOver else {
            promise.succeed()
            return promise.futureResult
        }
        waveEnded = promise
        deadline = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(UInt64(end))) { self.stop() }
        for tag in purchases.indices where conversations[tag].isAbandoned && !purchases[tag].isSettled {
            unsettled += 1
            polling.submit(tag)
        }
        let ended = purchases.indices.filter { if case .ended = purchases[$0].state { true } else { false } }
        for tag in ended.shuffled(using: &generator).prefix(rereads) {
            unsettled += 1
            run(Errand(.reread(tag: tag), of: purchases[tag].visit))
        }
        finishIfSettled()
        return promise.futureResult
    }

    /// Ends everything that is still under way.
    func stop() {
        guard !isOver else { return }
        isOver = true
        let now = Self.now()
        for index in purchases.indices where conversations[index].submittedAt > 0 && purchases[index].attempts == 0 {
            record.waitedForConnection(now - conversations[index].submittedAt, isLoopBusy: clock.isBusy)
        }
        for index in purchases.indices { purchases[index].stop(lastCode: conversations[index].lastCode) }
        unsettled = 0
        purchasing.stop()
        polling.stop()
        finishIfSettled()
    }

    /// A visit of the loop has reached its end.
    func settled() {
        unsettled -= 1
        finishIfSettled()
    }

    func schedule(in wait: TimeAmount, _ work: @escaping () -> Void) {
        loop.assumeIsolated().scheduleTask(in: wait) {
            if !self.isOver { work() }
        }
    }

    func journey(of visit: Visit) -> Journey? {
        configuration.journeys.indices.contains(visit.journey) ? configuration.journeys[visit.journey] : nil
    }

    /// What this loop's visitors came for.
    var visits: [Visit] { purchases.map(\.visit) + errands.lazy.filter { $0.isVisit }.map(\.visit) }

    private func finishIfSettled() {
        guard unsettled == 0, let promise = waveEnded else { return }
        waveEnded = nil
        deadline?.cancel()
        promise.succeed()
    }

    /// Makes the row of a visit and gives back its tag.
    private func add(_ visit: Visit) -> Int {
        let kind: Errand.Kind
        switch journey(of: visit)?.kind {
        case .poll(let times): kind = .poll(times: times)
        case .browse(let paths): kind = .browse(paths: paths.count)
        case .logIn: kind = .logIn
        case .buy, .buyRepeatedly, .abandon, .impatient, .bot, nil:
            // `UUID()` opens a file each time.
            var random = SystemRandomNumberGenerator()
            purchases.append(Purchase(visit, key: .random(using: &random)))
            conversations.append(Conversation())
            return purchases.count - 1
        }
        errands.append(Errand(kind, of: visit))
        return -errands.count
    }

    func handleScheduledCallback(eventLoop: some EventLoop) { sendDue() }

    /// Begins what is due, and comes back for the next.
    private func sendDue() {
        guard !isOver else { return }
        let now = Self.now()
        while next < line.count, line[next].dueAt <= now {
            if wave > 0 { record.began(now - line[next].dueAt) }
            begin(line[next].tag, at: now)
            next += 1
        }
        guard next < line.count else { return }
        let wait = TimeAmount.nanoseconds(line[next].dueAt - now)
        // A callback, as it comes a thousand times a second and a task makes a promise and three closures each time. It
        // fails only when the event loop is gone.
        _ = try? loop.assumeIsolated().scheduleCallback(in: max(configuration.tick, wait), handler: self)
    }

    private func begin(_ tag: Int, at now: Instant) {
        guard tag >= 0 else { return submitErrand(tag, at: now) }
        submit(tag, at: now)
        guard case .buyRepeatedly(let copies) = journey(of: purchases[tag].visit)?.kind else { return }
        for _ in 0..<copies {
            unsettled += 1
            run(Errand(.copy(tag: tag), of: purchases[tag].visit))
        }
    }

    /// Puts a purchase in line for a connection.
    func submit(_ index: Int, at now: Instant) {
        conversations[index].submittedAt = now
        purchasing.submit(index)
    }

    private func sweep() {
        purchasing.closeOverdue(at: .now())
        polling.closeOverdue(at: .now())
        schedule(in: configuration.sweepInterval) { self.sweep() }
    }

    /// Measures how late a timer of the loop comes, and whether the loop has time left.
    private func probe(dueAt: Instant) {
        let now = Self.now()
        record.timerLate(by: now - dueAt)
        if clock.isOver(at: now) { clock.note(.current(), at: now) }
        let interval = configuration.probeInterval
        schedule(in: interval) { self.probe(dueAt: now + interval.nanoseconds) }
    }
}
