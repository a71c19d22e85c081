package import Logging
import Synchronization

/// The level that all loggers of this process share, which can be changed while they log, and how many records there
/// were. Reading the level is one relaxed atomic load.
package final class LogControl: Sendable {
    /// `LOG_LEVEL`.
    private let configured: Logger.Level
    /// The level's place in the order from `trace` to `critical`.
    private let current: Atomic<Int>
    private let counts = levels.map { _ in CounterSeries() }
    /// Kept, since the level is read for each record that may be written.
    private static let levels = Logger.Level.allCases

    package init(level: Logger.Level) {
        configured = level
        current = Atomic(level.position)
    }

    package var level: Logger.Level { Self.levels[current.load(ordering: .relaxed)] }

    /// One level more talkative, down to `trace`.
    package func raiseDetail() { current.store(max(0, level.position - 1), ordering: .relaxed) }

    /// Back to `LOG_LEVEL`.
    package func reset() { current.store(configured.position, ordering: .relaxed) }

    func count(_ level: Logger.Level) { counts[level.position].increment(by: 1) }

    /// Shows how many records were written at each level.
    package func show(in registry: PrometheusRegistry) {
        for (level, count) in zip(Self.levels, counts) {
            registry.register(
                "onsale_log_records", .counter, suffix: "_total", dimensions: [("level", level.rawValue)]
            ) { count }
        }
    }
}

extension Logger.Level {
    fileprivate var position: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }
}
