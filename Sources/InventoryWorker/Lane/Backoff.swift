/// Growing pauses with jitter, so that lanes which fail together do not come back together.
struct Backoff {
    private var next = WorkerConfiguration.backoffBase

    /// The pause before the next attempt: between half and all of a figure that doubles up to the limit.
    mutating func pause() -> Duration {
        defer { next = min(next * 2, WorkerConfiguration.backoffLimit) }
        return next * Double.random(in: 0.5...1)
    }

    mutating func reset() { next = WorkerConfiguration.backoffBase }
}
