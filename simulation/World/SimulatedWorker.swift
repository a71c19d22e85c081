import InventoryWorker
import ServiceLifecycleTestKit
import Ticketing

/// A worker that is started anew whenever it has died: the lanes and the dispatcher of the real program.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class SimulatedWorker: @unchecked Sendable {
    private unowned let world: World
    private let name: String
    private var starts = 0
    private(set) var process: SimulatedProcess
    private var task: Task<Void, Never>?
    private var shutdown: GracefulShutdownTestTrigger?

    init(_ name: String, in world: World) {
        self.name = name
        self.world = world
        process = SimulatedProcess(name, world.scheduler)
        start()
    }

    private func start() {
        starts += 1
        let process = SimulatedProcess("\(name).\(starts)", world.scheduler)
        self.process = process
        process.onCrash = { [unowned self] in
            task?.cancel()
            guard !world.isOver else { return }
            world.scheduler.after(world.draw(.milliseconds(50) ... .seconds(2))) { [self] in
                if !world.isOver { start() }
            }
        }
        world.trace.note(process.name, "starts")
        task = Task(executorPreference: process) { await self.run(process) }
    }

    /// What `App+build` puts together.
    private func run(_ process: SimulatedProcess) async {
        let store = SimulatedLaneStore(world: world, process: process)
        let repository = SimulatedLaneRepository(world: world, process: process)
        let payments = SimulatedPayments(world: world, process: process)
        let outbox = SimulatedOutbox(world: world, process: process)
        let dispatcher = OutboxDispatcher(
            repository: outbox, gateway: payments, logger: world.logger, time: world.timeAndChance)
        let charges = ChargeReconciler(
            repository: outbox, gateway: payments, configuration: world.configuration, logger: world.logger,
            time: world.timeAndChance)
        let lanes = world.partitioning.all.map { partition in
            Lane(
                partition: partition, owner: process.name, store: store, repository: repository, gateway: payments,
                configuration: world.configuration, logger: world.logger, time: world.timeAndChance)
        }
        await testGracefulShutdown { trigger in
            shutdown = trigger
            await withTaskGroup { services in
                services.addTask { await self.expectEnd(process) { try await dispatcher.work() } }
                services.addTask { await self.expectEnd(process) { try await charges.work() } }
                await withTaskGroup { group in
                    for lane in lanes { group.addTask { await self.expectEnd(process) { try await lane.run() } } }
                }
                services.cancelAll()
            }
        }
    }

    /// A service ends by being told to, and never by an error.
    private func expectEnd(_ process: SimulatedProcess, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            world.auditor.expect(process.isDead || Task.isCancelled, .liveness, "\(process.name) ended by \(error)")
        }
    }

    /// SIGTERM: ends in good order, and starts again when it has, unless it is not to.
    func end(andStart isToStart: Bool = true) async {
        let process = process
        world.trace.note(process.name, "is to end")
        shutdown?.triggerGracefulShutdown()
        await task?.value
        if isToStart, !world.isOver, !process.isDead { start() }
    }
}
