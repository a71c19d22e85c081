import Ticketing

/// What lies between the processes and the servers: it delays, loses what is asked or answered, delivers late, and is
/// where a process is killed or stopped in the middle of a step.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class Network: @unchecked Sendable {
    enum Server: Int, CaseIterable { case redis, postgres, provider }

    /// What befalls one call.
    private enum Fault {
        /// It never arrives; or it takes effect and the answer never arrives.
        case lost, unanswered
        /// It arrives when the caller has long given up.
        case late
        case crashBefore, crashAfter, pauseBefore, pauseAfter
    }

    private unowned let world: World
    private var downUntil: [Int64] = Server.allCases.map { _ in 0 }
    /// How often each server was started anew: connections end with it, and what was on them never arrives.
    private var starts: [Int] = Server.allCases.map { _ in 0 }
    /// Whether the effect under way is of a call that its caller has given up.
    private(set) var isLate = false

    init(_ world: World) { self.world = world }

    /// Nobody reaches the server for `duration`.
    func cut(_ server: Server, for duration: Duration) {
        downUntil[server.rawValue] = max(downUntil[server.rawValue], world.scheduler.now + duration.nanoseconds)
    }

    func restart(_ server: Server, within duration: Duration) {
        cut(server, for: duration)
        starts[server.rawValue] += 1
    }

    func heal() { downUntil = downUntil.map { _ in 0 } }

    /// Carries a call to a server, whose `effect` is one step, and its answer back.
    /// - Parameter canBeLate: Whether it is one message: a transaction of several ends with its client.
    /// - Parameter failure: What the caller gets instead, by whether the effect may have taken place.
    func call<Value: Sendable, Failure: Error>(
        _ name: StaticString, from process: SimulatedProcess, to server: Server, canBeLate: Bool = true,
        failure: @Sendable (_ mayHaveRun: Bool) -> Failure,
        _ effect: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard !process.isDead else { throw failure(false) }
        let fault = drawFault(for: process)
        switch fault {
        case .lost,
            .late where !canBeLate:
            await wait()
            world.trace.note(process.name, "loses a call", "\(name)")
            throw failure(false)
        case .late:
            deliverLate(name, from: process, to: server, effect)
            await wait()
            throw failure(true)
        case .crashBefore: world.crash(process, "before", name)
        case .pauseBefore: world.pause(process, "before", name)
        case .unanswered, .crashAfter, .pauseAfter, nil: break
        }
        await wait()
        guard !process.isDead else { throw failure(false) }
        guard isUp(server) else {
            world.trace.note(process.name, "finds nobody", "\(name)")
            throw failure(false)
        }
        let result: Result<Value, Failure>
        do throws(Failure) { result = .success(try await effect()) } catch { result = .failure(error) }
        world.trace.note(process.name, name, "\(result)")
        switch fault {
        case .unanswered:
            await wait()
            world.trace.note(process.name, name, "gets no answer")
            throw failure(true)
        case .crashAfter: world.crash(process, "after", name)
        case .pauseAfter: world.pause(process, "after", name)
        default: break
        }
        await wait()
        guard !process.isDead else { throw failure(true) }
        return try result.get()
    }

    private func deliverLate<Value: Sendable, Failure: Error>(
        _ name: StaticString, from process: SimulatedProcess, to server: Server,
        _ effect: @escaping @Sendable () async throws(Failure) -> Value
    ) {
        let delay = world.draw(.milliseconds(1) ... .seconds(3))
        let start = starts[server.rawValue]
        // Not a child of the caller, which may be gone by then.
        Task(executorPreference: world.outside) { [self] in
            await world.scheduler.wait(delay)
            guard isUp(server), starts[server.rawValue] == start, !world.isOver else { return }
            isLate = true
            let result: Result<Value, Failure>
            do throws(Failure) { result = .success(try await effect()) } catch { result = .failure(error) }
            isLate = false
            world.trace.note(process.name, "arrives late", "\(name): \(result)")
        }
    }

    private func isUp(_ server: Server) -> Bool { world.scheduler.now >= downUntil[server.rawValue] }

    /// Most ways take less than a millisecond, some take far longer.
    private func wait() async {
        let isSlow = world.scheduler.generator.happens(onceIn: 50)
        await world.scheduler.wait(world.draw(isSlow ? .zero ... .milliseconds(40) : .zero ... .microseconds(800)))
    }

    private func drawFault(for process: SimulatedProcess) -> Fault? {
        guard world.areFaultsOn else { return nil }
        let rates = world.plan.rates
        func draw(_ times: Int) -> Bool { world.scheduler.generator.happens(onceIn: times) }
        if draw(rates.lost) { return .lost }
        if draw(rates.unanswered) { return .unanswered }
        if draw(rates.late) { return .late }
        guard process !== world.outside else { return nil }
        if draw(rates.crash) { return draw(2) ? .crashBefore : .crashAfter }
        if draw(rates.pause) { return draw(2) ? .pauseBefore : .pauseAfter }
        return nil
    }
}
