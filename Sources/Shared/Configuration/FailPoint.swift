import Glibc
import Synchronization

/// A named place where a debug build can be told to die, so that tests see what a crash there leaves behind.
///
/// `FAIL_POINT=after-commit-before-publish:3` makes the process kill itself with SIGKILL when it comes to that place for
/// the third time; without a number, at the first time. In a release build there are no such places: the calls are empty
/// and the variable is not read.
package enum FailPoint: String, CaseIterable, Sendable {
    /// Gateway: the units are taken and the intent is on the stream; the buyer has no answer yet.
    case afterReserve = "after-reserve-before-reply"
    /// Lane: a batch was delivered to this consumer and nobody has committed it.
    case afterRead = "after-read-before-commit"
    /// Lane: the batch is in Postgres, its entries are on the stream, and Redis shows the orders as before.
    case afterCommit = "after-commit-before-publish"
    /// Lane: Redis shows what became of the batch, whose entries are still on the stream.
    case afterPublish = "after-publish-before-acknowledge"
    /// Settlement: the provider has captured the money and Postgres does not know it.
    case afterCharge = "after-charge-before-commit"
    /// Settlement: orders are final in Postgres and pending in Redis.
    case afterSettle = "after-settle-before-publish"
    /// Settlement: orders are cancelled and their units wait in the outbox.
    case afterCancel = "after-cancel-before-release"
    /// Settlement: units are for sale again and the outbox still has them.
    case afterRelease = "after-release-before-delivered"
    /// Stock loading: the buyers' counts are written and the stock is not.
    case midLoad = "between-fill-and-load"
    /// Reconciling: a difference was found and is not repaired.
    case inReconcile = "in-reconcile"
    /// A negative control. A worker that is armed with it makes the mistake of pitfall P9, to take entries off the stream
    /// before they are committed, and dies with some of them in hand. No other worker ever comes to this place.
    case afterEarlyAcknowledge = "after-acknowledge-before-commit"
}

#if DEBUG
    extension FailPoint {
        private struct Armed {
            let point: FailPoint
            var passagesLeft: Int
        }

        private static let armed = Mutex<Armed?>(nil)

        /// Reads FAIL_POINT (default none): a point's name, and after a colon the passage at which the process dies.
        package static func arm(config: ConfigReader) throws(ConfigurationError) {
            guard let text = config.optional("fail.point") else { return }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let point = FailPoint(rawValue: String(parts[0])),
                let count = parts.count == 2 ? Int(parts[1]) : 1, count >= 1
            else {
                let names = allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError(
                    .invalid, subject: "FAIL_POINT", given: text,
                    allowed: "one of \(names), and after a colon the passage to die at, 1 or more")
            }
            armed.withLock { $0 = Armed(point: point, passagesLeft: count) }
        }

        /// Whether this process is to die here.
        package var isArmed: Bool { FailPoint.armed.withLock { $0?.point == self } }

        /// Marks the place in the code; ends the process there when its time has come.
        package func pass() {
            let isDue = FailPoint.armed.withLock { armed in
                guard armed?.point == self else { return false }
                armed?.passagesLeft -= 1
                return armed?.passagesLeft == 0
            }
            if isDue { kill(getpid(), SIGKILL) }
        }
    }
#else
    extension FailPoint {
        package static func arm(config: ConfigReader) throws(ConfigurationError) {}
        @inlinable package var isArmed: Bool { false }
        @inlinable package func pass() {}
    }
#endif
