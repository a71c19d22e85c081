import Crypto
import Foundation
@testable import InventoryWorker
import InventoryStore
import Logging
import OnsaleTracing
import OrderRepository
import ServiceLifecycle
import TestSupport
import Testing
import Ticketing

/// One event on sale in a partition of its own, all in memory, and lanes for it.
struct Sale: Sendable {
    typealias TestLane = Lane<RecordingStore, RecordingRepository, PaymentDouble>

    static let partition = Partition(0)
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let secret = SymmetricKey(data: Array(repeating: 7 as UInt8, count: 32))

    let inventory = InMemoryInventoryStore(partitioning: Partitioning(count: 1))
    let repository = InMemoryLaneRepository()
    let journal = Journal()
    let payments = PaymentDouble()
    let event = EventID()
    let total: Int

    /// - Parameter price: Of a ticket, in cents.
    init(total: Int = 100, limit: Int = 100, price: Int64 = 4_500) throws {
        self.total = total
        repository.addEvent(event, in: Sale.partition, try .open(total: total, limit: limit, price: price))
    }

    var store: RecordingStore { RecordingStore(base: inventory, journal: journal) }
    var recordingRepository: RecordingRepository { RecordingRepository(base: repository, journal: journal) }

    /// Loads the stock as an earlier lane would have, so that buyers can come before the lane under test does.
    func open() async throws {
        let lease = try #require(
            try await repository.acquireLease(of: Sale.partition, owner: "earlier", for: .seconds(60)))
        _ = try await inventory.mark(lease)
        let load = try #require(try await repository.beginLoad(of: event, under: lease))
        #expect(try await inventory.load(load, under: lease) == .loaded)
        try await repository.giveUp(lease)
    }

    /// - Parameter lease: Long by default, so that a lane's renewals do not meddle with what a test looks at.
    func lane(
        _ owner: String = "lane", batchSize: Int = 1_000, lease: Duration = .seconds(60),
        shutdown: Duration = .seconds(60), reconcile: Duration = .seconds(5), repairs: Bool = true,
        tracer: SpanTracer? = nil
    ) -> TestLane {
        var configuration = WorkerConfiguration()
        configuration.batchSize = batchSize
        configuration.lease = lease
        configuration.tick = .milliseconds(10)
        configuration.shutdown = shutdown
        configuration.recoveryGrace = .zero
        configuration.reconcileInterval = reconcile
        configuration.reconcileRepairs = repairs
        return Lane(
            partition: Sale.partition, owner: owner, store: store, repository: recordingRepository, gateway: payments,
            configuration: configuration, logger: Sale.silent, tracer: tracer)
    }

    /// Runs lanes beside `body`, then shuts them down gracefully and waits for their end.
    func serving(_ lanes: TestLane..., body: (ServiceGroup) async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: lanes.map { .init(service: $0, successTerminationBehavior: .ignore) }, logger: Sale.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do { try await body(group) } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Adds an account and returns its id.
    func newUser() -> UserID {
        let user = UserID()
        repository.addUser(user)
        return user
    }

    /// Buys as the gateway does, and returns the order's id.
    /// - Parameter isUnrecorded: Whether the gateway has missed the order in Postgres.
    @discardableResult
    func buy(
        _ quantity: Int = 1, by user: UserID? = nil, method: String = "pm_accepted", key: IdempotencyKey = .random(),
        isUnrecorded: Bool = false, trace: String? = nil
    ) async throws -> OrderID {
        let user = user ?? newUser()
        let order = OrderID(
            user: user, event: event, idempotencyKey: key, partition: Sale.partition, secret: Sale.secret)
        var reservation = Reservation(
            order: order, user: user, event: event, quantity: quantity,
            paymentMethod: try #require(PaymentMethod(method)))
        reservation.isUnrecorded = isUnrecorded
        reservation.trace = trace
        let outcome = try await inventory.reserve(reservation)
        guard case .accepted = outcome else {
            throw ServerError(description: "the purchase was not accepted: \(outcome)")
        }
        return order
    }

    /// Waits until each order's record shows a final state, and returns these states.
    @discardableResult
    func outcomes(of orders: [OrderID]) async throws -> [OrderStatus] {
        try await eventually("all orders are final") {
            for order in orders where try await inventory.order(order)?.status.isFinal != true { return false }
            return true
        }
        var states: [OrderStatus] = []
        for order in orders { states.append(try #require(try await inventory.order(order)).status) }
        return states
    }

    /// Whether nothing is on its way: no entry on the stream, no release in the outbox.
    var isQuiet: Bool {
        get async throws { try await inventory.backlog(of: Sale.partition) == 0 && repository.undelivered == 0 }
    }

    /// The invariants that hold once nothing is on its way (I1, I2, I4, I8, I13, I16).
    func audit(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("nothing is on its way") { try await isQuiet }
        let orders = repository.orders
        let sold = orders.filter { $0.state.status == .confirmed }.map(\.intent.quantity).reduce(0, +)
        #expect(orders.allSatisfy { $0.state.status.isFinal }, sourceLocation: sourceLocation)
        #expect(repository.available(of: event) == total - sold, sourceLocation: sourceLocation)
        #expect(try await inventory.stock(of: event)?.available == total - sold, sourceLocation: sourceLocation)
        for (intent, state) in orders {
            let isConfirmed = state.status == .confirmed
            #expect(state.tickets.count == (isConfirmed ? intent.quantity : 0), sourceLocation: sourceLocation)
            let captured = repository.payments(of: intent.order).count { $0.isCaptured }
            #expect(captured == (isConfirmed && intent.total.amount > 0 ? 1 : 0), sourceLocation: sourceLocation)
            if let record = try await inventory.order(intent.order) {
                #expect(record.status == state.status, sourceLocation: sourceLocation)
                #expect(Set(record.tickets) == Set(state.tickets), sourceLocation: sourceLocation)
            }
        }
        let tickets = orders.flatMap(\.state.tickets)
        #expect(Set(tickets).count == tickets.count, sourceLocation: sourceLocation)
    }
}

extension SaleTerms {
    /// Terms of a sale that is open, in euros.
    static func open(
        total: Int, limit: Int = 100, price: Int64 = 4_500, revision: Int64 = 1, state: SaleState = .open
    ) throws -> SaleTerms {
        SaleTerms(
            revision: revision, total: total, limit: limit, opens: nil, closes: nil, state: state,
            price: try #require(Money(amount: price, currency: .eur)))
    }
}
