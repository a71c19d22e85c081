import InventoryWorker

/// The outbox dispatcher of a worker whose lanes have nothing left to do.
struct SimulatedDispatcher: Sendable {
    private let task: Task<Void, Never>

    init(in world: World) {
        let process = SimulatedProcess("dispatcher", world.scheduler)
        let dispatcher = OutboxDispatcher(
            repository: SimulatedOutbox(world: world, process: process),
            gateway: SimulatedPayments(world: world, process: process), logger: world.logger,
            time: world.timeAndChance)
        // It ends by being cancelled.
        task = Task(executorPreference: process) { try? await dispatcher.work() }
    }

    func end() async {
        task.cancel()
        await task.value
    }
}
