package import Logging
import ServiceLifecycle
import UnixSignals

/// Changes the level of all loggers while the program runs: SIGUSR1 makes it one level more talkative, SIGUSR2 sets it
/// back to `LOG_LEVEL`.
///
/// Signals rather than a route: only who may end the process can send them, so there is nothing to protect, and they
/// come through also when the program is too busy to answer requests.
package struct LogLevelSignals: Service {
    private let control: LogControl
    private let logger: Logger

    package init(control: LogControl, logger: Logger) {
        self.control = control
        self.logger = logger
    }

    package func run() async throws {
        for await signal in await UnixSignalsSequence(trapping: .sigusr1, .sigusr2).cancelOnGracefulShutdown() {
            if signal == .sigusr1 { control.raiseDetail() } else { control.reset() }
            // Seen whatever the level is now: whoever has sent the signal looks for it.
            logger.log(
                level: max(.notice, control.level), "log.level_changed",
                metadata: [LogKey.level: "\(control.level.rawValue)"])
        }
    }
}
