import CoreMetrics
package import Logging
package import OrderRepository
import ServiceLifecycle
import Ticketing

/// Ends the orders of cancelled events: pending ones are cancelled, confirmed ones given back. Every worker has one;
/// they share the orders.
///
/// It keeps no place of its own: each look takes what is there, so one that a worker has died in goes on with the next,
/// and an order that is confirmed late, because its charge was under way when the event was cancelled, is found by a
/// later one. What is committed later, or is overdue, the lanes cancel themselves.
package struct CancelledEventSweep<Repository: CancelledEventRepository>: Service {
    let repository: Repository
    let logger: Logger
    private let time: TimeAndChance
    private let ended = Counter(label: "onsale_cancelled_event_orders_total")

    package init(repository: Repository, logger: Logger, time: TimeAndChance = .machine) {
        self.repository = repository
        self.logger = logger
        self.time = time
    }

    package func run() async throws { try await cancelWhenGracefulShutdown { try await work() } }

    /// Works until cancelled.
    package func work() async throws {
        var backoff = Backoff(time: time)
        var schedule = SweepSchedule()
        while true {
            do {
                let events = try await repository.cancelledEvents(limit: WorkerConfiguration.cancelledEvents)
                try await sweep(schedule.due(of: events, at: time.now()), noting: &schedule)
                backoff.reset()
                try await time.sleep(WorkerConfiguration.cancelledInterval)
            } catch let error as RepositoryError {
                logger.warning("cancelled_events.retry", metadata: ["error": "\(error)"])
                do { try await time.sleep(backoff.pause()) } catch { return }
            } catch is CancellationError {
                return
            }
        }
    }

    /// Ends what each of the events has now. One that fails keeps no other from it (P12), and comes ever more rarely.
    /// - Throws: when all of them have failed.
    private func sweep(_ events: [EventID], noting schedule: inout SweepSchedule) async throws {
        var failed: [EventID] = []
        for event in events {
            do {
                let count = try await sweep(event)
                schedule.note(event, isClean: count == 0, at: time.now())
            } catch let error as RepositoryError {
                failed.append(event)
                guard failed.count < events.count else { throw error }
                logger.error("cancelled_event.failed", metadata: ["event.id": "\(event)", "error": "\(error)"])
            }
        }
        for event in failed { schedule.note(event, isClean: true, at: time.now()) }
    }

    /// Ends what the event has now; returns how many orders that were.
    func sweep(_ event: EventID) async throws -> Int {
        // Pending ones first: those that are not charged yet need not be given back.
        let pending = try await all(of: event, repository.cancelPendingOrders)
        let confirmed = try await all(of: event, repository.refundConfirmedOrders)
        let count = pending + confirmed
        if count > 0 {
            ended.increment(by: count)
            logger.notice("cancelled_event.ended", metadata: ["event.id": "\(event)", "orders": "\(count)"])
        }
        return count
    }

    /// Takes a step with each page of an event's orders; returns how many orders those were.
    private func all(
        of event: EventID, _ step: (EventID, OrderID?, Int) async throws -> EndedPage
    ) async throws -> Int {
        var count = 0
        var last: OrderID?
        repeat {
            let page = try await step(event, last, WorkerConfiguration.cancelledBatch)
            count += page.count
            last = page.count == WorkerConfiguration.cancelledBatch ? page.last : nil
            try Task.checkCancellation()
        } while last != nil
        return count
    }
}

/// When each cancelled event is looked at: again at once after orders were found, then ever more rarely.
struct SweepSchedule {
    private struct Entry {
        var next: ContinuousClock.Instant
        var pause: Duration
    }

    private var entries: [EventID: Entry] = [:]

    /// Those of the events that are to be looked at now; others are forgotten.
    mutating func due(of events: [EventID], at now: ContinuousClock.Instant) -> [EventID] {
        let known = Set(events)
        entries = entries.filter { known.contains($0.key) }
        return events.filter { entries[$0].map { $0.next <= now } ?? true }
    }

    mutating func note(_ event: EventID, isClean: Bool, at now: ContinuousClock.Instant) {
        let pause =
            if isClean, let last = entries[event]?.pause {
                min(last * 2, WorkerConfiguration.longestCancelledPause)
            } else {
                WorkerConfiguration.cancelledInterval
            }
        entries[event] = Entry(next: now + pause, pause: pause)
    }
}
