import Logging
import OrderRepository

/// What the dispatchers have in common: they take what is due until nothing is, show now and then how much waits, and
/// back off while Postgres is away.
struct DispatchLoop: Sendable {
    let time: TimeAndChance
    let logger: Logger
    /// The log's word for a failure of Postgres.
    let retryMessage: Logger.Message
    /// How often it is looked for what is due, and how many are taken at once.
    let interval: Duration
    let batch: Int

    /// Works until cancelled.
    ///
    /// - Parameters:
    ///   - sleep: Throws `CancellationError` when the loop is to end.
    ///   - dispatch: Sees to what is due, once each; returns how many there were.
    ///   - look: Shows how much waits.
    func run(
        sleep: @Sendable (Duration) async throws -> Void, dispatch: () async throws -> Int,
        look: () async throws -> Void
    ) async throws {
        var backoff = Backoff(time: time)
        var nextLook = time.now()
        while true {
            do {
                var isBehind = true
                while isBehind {
                    isBehind = try await dispatch() == batch
                    if time.now() >= nextLook {
                        try await look()
                        nextLook = time.now() + WorkerConfiguration.outboxLook
                    }
                }
                backoff.reset()
                try await sleep(interval)
            } catch let error as RepositoryError {
                logger.warning(retryMessage, metadata: ["error": "\(error)"])
                do { try await sleep(backoff.pause()) } catch { return }
            } catch is CancellationError {
                return
            }
        }
    }
}

/// Pauses between attempts at one thing: each twice the one before, up to a limit, and jittered between half and all of
/// it.
struct RetryPauses: Sendable {
    let first: Duration
    let longest: Duration

    /// How long to wait after so many attempts.
    func after(_ attempts: Int, _ time: TimeAndChance) -> Duration {
        time.jittered(min(first * (1 << min(max(attempts - 1, 0), 20)), longest))
    }
}
