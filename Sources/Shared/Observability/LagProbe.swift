package import CoreMetrics
package import NIOCore
import ServiceLifecycle

/// Measures how late things happen that were due: a timer of each event loop, and a task of Swift's thread pool. What
/// blocks a loop or keeps all threads busy shows here before it shows in answers.
package struct LagProbe: Service {
    private let eventLoopGroup: any EventLoopGroup
    private let loops: CoreMetrics.Timer
    private let tasks: CoreMetrics.Timer

    /// Ten looks a second at each loop cost it nothing that can be measured.
    private static let interval: TimeAmount = .milliseconds(100)

    package init(eventLoopGroup: any EventLoopGroup, factory: any MetricsFactory = MetricsSystem.factory) {
        self.eventLoopGroup = eventLoopGroup
        loops = CoreMetrics.Timer(label: "onsale_event_loop_lag_seconds", factory: factory)
        tasks = CoreMetrics.Timer(label: "onsale_task_lag_seconds", factory: factory)
    }

    package func run() async throws {
        let probes = eventLoopGroup.makeIterator().map { loop in
            let due = NIOLoopBoundBox.makeBoxSendingValue(NIODeadline.now() + Self.interval, eventLoop: loop)
            return loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { [loops] _ in
                let now = NIODeadline.now()
                loops.recordNanoseconds(max(0, (now - due.value).nanoseconds))
                due.value = now + Self.interval
            }
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let due = NIODeadline.now() + Self.interval
                // Cancelled: the process stops.
                guard (try? await Task.sleep(for: .nanoseconds(Self.interval.nanoseconds))) != nil else { return }
                tasks.recordNanoseconds(max(0, (NIODeadline.now() - due).nanoseconds))
            }
        }
        for probe in probes { probe.cancel() }
    }
}
