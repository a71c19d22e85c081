/// One run of the world by one seed.
struct Simulation {
    let seed: UInt64
    var control: Control?

    struct Report: Sendable {
        let seed: UInt64
        let control: Control?
        let violation: Violation?
        /// Of every event of the run: the same seed gives the same.
        let hash: UInt64
        let events: Int
        let jobs: Int
        /// How often each kind of event was.
        let kinds: [String: Int]
    }

    /// Runs on the calling thread until the world has come to rest or an invariant is broken.
    /// - Parameter print: Gets a line for each event.
    func run(print: ((String) -> Void)? = nil) -> Report {
        let world = World(seed: seed, control: control, print: print)
        let (scheduler, auditor) = (world.scheduler, world.auditor)
        let main = Task(executorPreference: world.outside) { [world] in
            await world.run()
            world.isOver = true
        }
        do throws(Scheduler.Failure) {
            try scheduler.run { world.isOver || auditor.violation != nil }
        } catch {
            auditor.report(.liveness, "\(error)")
        }
        let report = Report(
            seed: seed, control: control, violation: auditor.violation, hash: world.trace.hash,
            events: world.trace.events,
            jobs: scheduler.jobs, kinds: world.trace.kinds)
        unwind(world, main)
        return report
    }

    /// Lets every task end, so that nothing of a run is left.
    private func unwind(_ world: World, _ main: Task<Void, Never>) {
        world.isOver = true
        world.areFaultsOn = false
        world.network.heal()
        main.cancel()
        for worker in world.workers { worker.process.crash() }
        for gateway in world.gateways { gateway.process.crash() }
        // What still waits for a timer ends by it; what does not end so is left behind, which costs memory only.
        try? world.scheduler.finish()
    }
}
