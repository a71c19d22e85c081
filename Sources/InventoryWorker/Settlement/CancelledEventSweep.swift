import CoreMetrics
package import Logging
package import OrderRepository
import ServiceLifecycle
import Ticketing

/// Ends the orders of cancelled events: pending ones are cancelled, confirmed ones given back. Every worker has one; they
/// share the orders.
///
/// It keeps no place of its own: each look takes what is there, so one that a worker has died in goes on with the next, and
/// an order that is confirmed late, because its charge was under way or its hold had ended, is found by a later one.
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
                for event in schedule.due(of: events, at: time.now()) {
                    let count = try await sweep(event)
                    schedule.note(event, isClean: count == 0, at: time.now())
                }
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

    /// Ends what the event has now; returns how many orders that were.
    func sweep(_ event: EventID) async throws -> Int {
        var count = 0
        let limit = WorkerConfiguration.cancelledBatch
        while true {
            // Pending ones first: those that are not charged yet need not be given back.
            let pending = try await repository.cancelPendingOrders(of: event, limit: limit)
            let confirmed = try await repository.refundConfirmedOrders(of: event, limit: limit)
            count += pending + confirmed
            guard pending == limit || confirmed == limit else { break }
            try Task.checkCancellation()
        }
        if count > 0 {
            ended.increment(by: count)
            logger.notice("cancelled_event.ended", metadata: ["event.id": "\(event)", "orders": "\(count)"])
        }
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
