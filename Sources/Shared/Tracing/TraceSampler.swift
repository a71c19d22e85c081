import Synchronization

/// Decides which traces are recorded, and gives them and their spans their ids: one atomic addition and a few
/// multiplications a decision, no allocation, no lock.
///
/// Parent-based: who has begun a trace has decided. Anybody may send a `traceparent`, so of the traces that clients want
/// recorded only so many a second are, whatever they ask for.
struct TraceSampler: ~Copyable, Sendable {
    /// Traces whose draw is below it are recorded.
    private let threshold: UInt64
    private let clientTraces: UInt64
    /// SplitMix64 (Steele, Lea, Flood 2014), whose state is a counter and so needs no lock. Its start is random, so that
    /// ids of different processes differ; they are names, not secrets.
    private let counter = Atomic<UInt64>(UInt64.random(in: .min ... .max))
    /// The second in the upper half, the traces that clients have begun in it in the lower.
    private let admitted = Atomic<UInt64>(0)
    /// The same of polls that follow an order's trace.
    private let followed = Atomic<UInt64>(0)

    private static let golden: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// - Parameters:
    ///   - ratio: The share of traces that is recorded of those that begin here, 0...1.
    ///   - clientTraces: How many of those that clients have begun are recorded in a second.
    init(ratio: Double, clientTraces: Int) {
        threshold = ratio >= 1 ? .max : UInt64(max(0, ratio) * 0x1p64)
        self.clientTraces = UInt64(clientTraces)
    }

    /// The trace that a request belongs to, and whoever is to be its span's parent: nil when it is not recorded.
    func begin(_ traceparent: String?, second: () -> UInt64) -> Parent? {
        guard let traceparent, let parent = TraceContext(traceparent: traceparent) else {
            // `<` alone would leave out one draw of 2^64 at a ratio of 1, and take one at 0.
            let draw = number()
            return draw < threshold || threshold == .max ? Parent(high: number(), low: number(), span: nil) : nil
        }
        guard parent.isSampled, Self.admits(admitted, second(), clientTraces) else { return nil }
        return Parent(high: parent.traceHigh, low: parent.traceLow, span: parent.spanID)
    }

    struct Parent {
        let high: UInt64
        let low: UInt64
        let span: UInt64?
    }

    /// A number that is not 0, which would be no id.
    func number() -> UInt64 {
        while true {
            var z = counter.wrappingAdd(Self.golden, ordering: .relaxed).newValue
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            z ^= z >> 31
            if z != 0 { return z }
        }
    }

    /// Whether one more poll may be recorded in the trace of its order, however fast its client polls.
    func follows(second: UInt64) -> Bool { Self.admits(followed, second, clientTraces) }

    /// Counts one, unless there were `limit` in that second.
    private static func admits(_ admitted: borrowing Atomic<UInt64>, _ second: UInt64, _ limit: UInt64) -> Bool {
        var old = admitted.load(ordering: .relaxed)
        while true {
            let count = old >> 32 == second & 0xffff_ffff ? old & 0xffff_ffff : 0
            guard count < limit else { return false }
            let new = second << 32 | (count + 1)
            let (exchanged, seen) = admitted.weakCompareExchange(
                expected: old, desired: new, successOrdering: .relaxed, failureOrdering: .relaxed)
            if exchanged { return true }
            old = seen
        }
    }
}
