/// Growing pauses with jitter, so that lanes which fail together do not come back together.
package struct Backoff {
    private let time: TimeAndChance
    private var next = WorkerConfiguration.backoffBase

    package init(time: TimeAndChance = .machine) { self.time = time }

    /// The pause before the next attempt: between half and all of a figure that doubles up to the limit.
    package mutating func pause() -> Duration {
        defer { next = min(next * 2, WorkerConfiguration.backoffLimit) }
        return time.jittered(next)
    }

    mutating func reset() { next = WorkerConfiguration.backoffBase }
}
