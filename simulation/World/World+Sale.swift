import Foundation
import InventoryStore
import OrderRepository
import Ticketing

extension World {
    /// How long after the faults the last order may take: longer than a hold, the slowest charge and a lease.
    private static let restTime: Duration = .seconds(60)
    /// How long the outbox may take: a message of a dead dispatcher is hidden for a minute, and then there are pauses.
    private static let outboxTime: Duration = .seconds(1_200)
    /// By when the reconciler has told Redis again of every order that ended: its delay, and two of its rounds.
    private static let recordTime: Duration = .seconds(20)

    /// The whole run.
    func run() async {
        gateways = (1...2).map { GatewayFront("gateway-\($0)", in: self) }
        workers = (1...plan.workers).map { SimulatedWorker("worker-\($0)", in: self) }
        areFaultsOn = true
        await withTaskGroup { tasks in
            tasks.addTask { await self.watch(World.restTime + self.plan.duration, "an order has not ended") }
            await withTaskGroup { group in
                for buyer in drawBuyers() {
                    let arrival = draw(.zero...plan.duration)
                    group.addTask { await self.send(buyer, after: arrival) }
                }
                group.addTask { await self.troubleUntilRest() }
                if plan.hasOrganiser { group.addTask { await self.organise() } }
                if plan.hasUnreadableEntries { group.addTask { await self.litter() } }
            }
            await rest()
            auditor.auditStores(isTold: false)
            await sellTheRest()
            await rest()
            if auditor.rollbacks > 0 { await scheduler.wait(World.recordTime) }
            auditor.auditStores(isTold: true)
            auditor.auditSoldOut()
            tasks.cancelAll()
        }
        await finishOutbox()
        auditor.auditCharges(provider)
        auditor.auditShown()
    }

    // MARK: - Buyers

    private func drawBuyers() -> [Buyer] {
        let users = (0..<max(2, plan.buyers * 2 / 3)).map { _ in
            let hasAccount = !scheduler.generator.happens(onceIn: 12)
            return (id: newUser(isKnown: hasAccount), hasAccount: hasAccount)
        }
        let methods = ["pm_accepted", "pm_accepted", "pm_accepted", "pm_declined", "pm_slow", "pm_error_then_accepted"]
        return (0..<plan.buyers).map { _ in
            let user = users[draw(0...(users.count - 1))]
            return buyer(
                user.id, hasAccount: user.hasAccount, events[draw(0...(events.count - 1))], quantity: draw(1...3),
                method: methods[draw(0...(methods.count - 1))],
                habit: Buyer.Habit.allCases[draw(0...(Buyer.Habit.allCases.count - 1))])
        }
    }

    private func buyer(
        _ user: UserID, hasAccount: Bool = true, _ event: EventID, quantity: Int, method: String, habit: Buyer.Habit
    ) -> Buyer {
        guard let method = PaymentMethod(method), let key = IdempotencyKey(drawUUID().uuidString) else {
            preconditionFailure("a method and a key")
        }
        return Buyer(
            world: self, user: user, hasAccount: hasAccount, event: event, quantity: quantity, method: method, key: key,
            habit: habit)
    }

    private func send(_ buyer: Buyer, after arrival: Duration) async {
        // Ends early at the end of the run.
        guard (try? await scheduler.sleep(arrival)) != nil, let end = try? await buyer.buy() else { return }
        trace.note("buyer", "is done", "\(buyer.event) \(end)")
    }

    /// After everything has ended, new buyers come until all is sold.
    private func sellTheRest() async {
        for event in events {
            var quantity = plan.limit
            while quantity > 0, !Task.isCancelled {
                let buyer = buyer(newUser(), event, quantity: quantity, method: "pm_accepted", habit: .plain)
                switch try? await buyer.buy() {
                case .final(let status):
                    auditor.expect(status == .confirmed, .i3, "an order of a quiet sale is \(status)")
                case .refused(.soldOut): quantity -= 1
                case let end:
                    auditor.report(.i3, "a buyer of a quiet sale got \(end.map { "\($0)" } ?? "nothing")")
                    return
                }
            }
        }
    }

    // MARK: - What goes on besides

    private func organise() async {
        let end = scheduler.now + plan.duration.nanoseconds
        while scheduler.now < end {
            await scheduler.wait(draw(.milliseconds(200) ... .seconds(2)))
            let event = events[draw(0...(events.count - 1))]
            await change(
                event, total: draw(-4...4), state: scheduler.generator.happens(onceIn: 3) ? .paused : .open)
        }
        for event in events { await change(event, total: 0, state: .open) }
    }

    private func change(_ event: EventID, total: Int, state: SaleState) async {
        // One who gets no answer sends it again.
        for _ in 0..<1_000 {
            let isDone =
                try? await postgres("change", from: outside, [], canBeLate: false) {
                    [repository] () async throws(RepositoryError) in
                    try await repository.change(event) { terms in
                        SaleTerms(
                            revision: terms.revision + 1, total: max(1, terms.total + total), limit: terms.limit,
                            opens: nil, closes: nil, state: state, price: terms.price)
                    }
                }
            guard isDone == nil, total == 0 else { return }
            await scheduler.wait(.milliseconds(100))
        }
    }

    /// Entries on the stream that nobody can read.
    private func litter() async {
        let end = scheduler.now + plan.duration.nanoseconds
        while scheduler.now < end {
            await scheduler.wait(draw(.milliseconds(300) ... .seconds(3)))
            let partition = partitioning.all[draw(0...(plan.partitions - 1))]
            setClock()
            // Fails only for a partition that is none.
            _ = try? inventory.appendUnreadable(["order", "unreadable"], to: partition)
            trace.note("outside", "litters")
        }
    }

    /// Faults, for as long as the plan says; then everything is mended.
    private func troubleUntilRest() async {
        let end = scheduler.now + plan.duration.nanoseconds
        var snapshot = inventory.snapshot
        while scheduler.now < end {
            await scheduler.wait(draw(plan.mishapPause / 2...plan.mishapPause))
            guard scheduler.now < end, !plan.mishaps.isEmpty else { continue }
            if scheduler.generator.happens(onceIn: 2) { snapshot = inventory.snapshot }
            await befall(plan.mishaps[draw(0...(plan.mishaps.count - 1))], snapshot)
        }
        areFaultsOn = false
        network.heal()
        trace.note("outside", "mends everything")
    }

    private func befall(_ mishap: Plan.Mishap, _ snapshot: [InventoryModel]) async {
        let worker = workers[draw(0...(workers.count - 1))]
        let duration = draw(.milliseconds(50) ... .seconds(2))
        trace.note("outside", mishap.name, "\(duration)")
        switch mishap {
        case .killWorker: worker.process.crash()
        case .killGateway: gateway.process.crash()
        case .stopWorker: worker.process.pause(for: duration * 2)
        case .endWorker: await worker.end()
        case .cutRedis: network.cut(.redis, for: duration)
        case .cutPostgres: network.cut(.postgres, for: duration)
        case .cutProvider: network.cut(.provider, for: duration * 4)
        case .emptyRedis:
            network.cut(.redis, for: duration / 4)
            inventory.empty()
            auditor.memoryLost()
        case .oldRedis:
            network.restart(.redis, within: duration / 4)
            inventory.restart(from: snapshot)
            auditor.memoryLost(isRollback: true)
        case .restartRedis:
            network.restart(.redis, within: duration / 4)
            inventory.restart()
        }
    }

    // MARK: - The end

    /// Waits until nothing is on its way.
    private func rest() async {
        while auditor.unfinished(partitions: partitioning.all) != nil, !Task.isCancelled {
            await scheduler.wait(.milliseconds(100))
        }
        trace.note("outside", "sees all at rest")
    }

    /// Reports what is not done when the time is up.
    private func watch(_ time: Duration, _ what: String) async {
        guard (try? await scheduler.sleep(time)) != nil else { return }
        auditor.report(.i4, auditor.unfinished(partitions: partitioning.all) ?? what)
    }

    /// The lanes end; the dispatcher of one worker goes on until the outbox is empty.
    private func finishOutbox() async {
        for worker in workers { await worker.end(andStart: false) }
        guard repository.image.waitingMessages > 0 else { return }
        let dispatcher = SimulatedDispatcher(in: self)
        let end = scheduler.now + World.outboxTime.nanoseconds
        while repository.image.waitingMessages > 0, scheduler.now < end { await scheduler.wait(.seconds(1)) }
        auditor.expect(repository.image.waitingMessages == 0, .i8, "the outbox never became empty")
        await dispatcher.end()
    }
}
