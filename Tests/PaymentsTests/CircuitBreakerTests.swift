import Synchronization
import Testing

@testable import Payments

struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private static func breaker() -> CircuitBreaker {
        CircuitBreaker(threshold: 3, firstPause: .seconds(1), longestPause: .seconds(4))
    }

    /// Whether a call would be let through now.
    private static func isLetThrough(_ breaker: CircuitBreaker, at now: ContinuousClock.Instant) -> Bool {
        var breaker = breaker
        return breaker.admit(at: now) != nil
    }

    private func admit(
        _ breaker: inout CircuitBreaker, _ now: ContinuousClock.Instant
    ) throws -> CircuitBreaker.Permit {
        let permit = breaker.admit(at: now)
        return try #require(permit)
    }

    /// Lets a call through that fails.
    private func fail(_ breaker: inout CircuitBreaker, _ now: ContinuousClock.Instant) throws {
        let permit = try admit(&breaker, now)
        breaker.fail(permit, at: now)
    }

    /// Lets a call through that succeeds.
    private func succeed(_ breaker: inout CircuitBreaker, _ now: ContinuousClock.Instant) throws {
        let permit = try admit(&breaker, now)
        breaker.succeed(permit)
    }

    /// Fails so often that the circuit opens.
    private func open(_ breaker: inout CircuitBreaker, at now: ContinuousClock.Instant) {
        while let permit = breaker.admit(at: now) { breaker.fail(permit, at: now) }
        #expect(!breaker.isClosed)
    }

    @Test func `Failures in a row open the circuit, and a success in between does not let them`() throws {
        var breaker = Self.breaker()
        for _ in 0..<10 {
            for _ in 0..<2 { try fail(&breaker, start) }
            try succeed(&breaker, start)
        }
        #expect(breaker.isClosed)
        open(&breaker, at: start)
        #expect(!Self.isLetThrough(breaker, at: start + .milliseconds(999)))
    }

    @Test func `After its pause one call is let through, and its outcome decides`() throws {
        var breaker = Self.breaker()
        open(&breaker, at: start)
        let trial = try admit(&breaker, start + .seconds(1))
        #expect(!Self.isLetThrough(breaker, at: start + .seconds(1)), "one only")
        breaker.succeed(trial)
        #expect(breaker.isClosed)
        #expect(Self.isLetThrough(breaker, at: start + .seconds(1)))
    }

    @Test func `Pauses double up to their limit, and begin anew after a success`() throws {
        var breaker = Self.breaker()
        var now = start
        open(&breaker, at: now)
        for pause in [1, 2, 4, 4] {
            #expect(!Self.isLetThrough(breaker, at: now + .seconds(pause) - .milliseconds(1)))
            now += .seconds(pause)
            try fail(&breaker, now)
        }
        now += .seconds(4)
        try succeed(&breaker, now)
        open(&breaker, at: now)
        #expect(Self.isLetThrough(breaker, at: now + .seconds(1)))
    }

    @Test func `A call that was let through before the circuit changed says nothing`() throws {
        var breaker = Self.breaker()
        let late = (0..<5).compactMap { _ in breaker.admit(at: start) }
        open(&breaker, at: start)
        breaker.succeed(late[0])
        #expect(!breaker.isClosed)
        let trial = try admit(&breaker, start + .seconds(1))
        breaker.fail(late[1], at: start + .seconds(1))
        breaker.succeed(trial)
        #expect(breaker.isClosed)
    }

    @Test func `A trial that is given up is followed by another`() throws {
        var breaker = Self.breaker()
        open(&breaker, at: start)
        let trial = try admit(&breaker, start + .seconds(1))
        breaker.abandon(trial)
        #expect(Self.isLetThrough(breaker, at: start + .seconds(1)))
    }

    @Test func `Slots are handed on in line, and never more of them than there are`() async throws {
        let slots = CallSlots(count: 3)
        let meter = Meter()
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    try await slots.run(patience: .seconds(60)) { () async throws(PaymentError) in
                        meter.enter()
                        await Task.yield()
                        meter.leave()
                    }
                }
            }
        }
        #expect(meter.most == 3)
        // All slots are free again.
        try await slots.run(patience: .zero) { () async throws(PaymentError) in }
    }

    @Test func `Who runs out of patience, or is cancelled, leaves the line and takes no slot along`() async throws {
        let slots = CallSlots(count: 1)
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let (begun, beginning) = AsyncStream<Void>.makeStream()
        let holder = Task {
            try await slots.run(patience: .zero) { () async throws(PaymentError) in
                beginning.finish()
                for await _ in gate {}
            }
        }
        for await _ in begun {}
        await #expect(throws: PaymentError.self) {
            try await slots.run(patience: .milliseconds(20)) { () async throws(PaymentError) in }
        }
        let cancelled = Task { try await slots.run(patience: .seconds(600)) { () async throws(PaymentError) in } }
        cancelled.cancel()
        await #expect(throws: PaymentError.self) { try await cancelled.value }
        opening.finish()
        try await holder.value
        try await slots.run(patience: .zero) { () async throws(PaymentError) in }
    }
}

/// Counts those who are inside.
private final class Meter: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
}
