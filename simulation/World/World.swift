import Crypto
import Foundation
import InventoryStore
import InventoryWorker
import Logging
import OrderRepository
import Ticketing

/// One simulated deployment: the servers, the processes, the buyers, and who looks on.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class World: @unchecked Sendable {
    /// When the world began, milliseconds since 1970.
    static let beginning: Int64 = 1_800_000_000_000

    let plan: Plan
    let control: Control?
    let scheduler: Scheduler
    let trace: Trace
    let inventory: InMemoryInventoryStore
    let repository: InMemoryLaneRepository
    let provider = SimulatedProvider()
    let auditor: Auditor
    /// Where buyers, the organiser and the servers are: nothing befalls them.
    let outside: SimulatedProcess
    let partitioning: Partitioning
    let configuration: WorkerConfiguration
    let logger: Logger
    private(set) lazy var network = Network(self)
    private(set) var events: [EventID] = []
    var workers: [SimulatedWorker] = []
    var gateways: [GatewayFront] = []
    /// Whether calls may fail and processes may die.
    var areFaultsOn = false
    /// Whether the run is done and only unwinds.
    var isOver = false
    private let secret = SymmetricKey(data: Array(repeating: 7 as UInt8, count: 32))
    private let start = ContinuousClock.now

    init(seed: UInt64, control: Control?, print: ((String) -> Void)?) {
        let scheduler = Scheduler(seed: seed)
        let plan = Plan(&scheduler.generator)
        self.scheduler = scheduler
        self.plan = plan
        self.control = control
        partitioning = Partitioning(count: plan.partitions)
        trace = Trace(scheduler, print: print)
        outside = SimulatedProcess("outside", scheduler)
        inventory = InMemoryInventoryStore(partitioning: partitioning, now: World.beginning)
        repository = InMemoryLaneRepository { [unowned scheduler] in
            Date(timeIntervalSince1970: Double(World.beginning) / 1_000 + Double(scheduler.now) / 1e9)
        }
        auditor = Auditor(inventory: inventory, repository: repository, scheduler: scheduler)
        var configuration = WorkerConfiguration()
        configuration.batchSize = Int.random(in: 1...8, using: &scheduler.generator)
        configuration.lease = .milliseconds(1_200)
        configuration.recoveryGrace = .milliseconds(500)
        configuration.hold = .milliseconds(Int.random(in: 600...4_000, using: &scheduler.generator))
        configuration.reconcileInterval = .milliseconds(400)
        configuration.shutdown = .seconds(1)
        self.configuration = configuration
        let lines = trace
        logger = Logger(label: "simulation") { _ in
            if print == nil { SwiftLogNoOpLogHandler() } else { TraceLogHandler(trace: lines) }
        }
        for _ in 0..<plan.events { addEvent() }
    }

    // MARK: - Chance and time

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &scheduler.generator) }

    func draw(_ range: ClosedRange<Duration>) -> Duration {
        .nanoseconds(
            Int64.random(
                in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds, using: &scheduler.generator))
    }

    func drawUUID() -> UUID {
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { bytes in
            for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255, using: &scheduler.generator) }
        }
        return UUID(uuid: bytes)
    }

    /// How long the provider thinks.
    func chargeTime(of method: PaymentMethod) -> Duration {
        draw(method.text == "pm_slow" ? .milliseconds(500) ... .seconds(7) : .milliseconds(5) ... .milliseconds(200))
    }

    /// What a process' parts get for time and chance.
    var timeAndChance: TimeAndChance {
        let (scheduler, start) = (scheduler, start)
        return TimeAndChance(
            now: { start + .nanoseconds(scheduler.now) },
            calendar: { World.beginning + scheduler.now / 1_000_000 },
            sleep: { try await scheduler.sleep($0) },
            // Being cancelled is how the pause ends early.
            pause: { try? await scheduler.sleep($0) },
            random: { scheduler.generator.next() })
    }

    /// Redis' clock is read by the step that a call makes.
    func setClock() { inventory.setTime(World.beginning + scheduler.now / 1_000_000) }

    // MARK: - Rows

    private func addEvent() {
        let event = EventID(drawUUID())
        let price = Money(amount: scheduler.generator.happens(onceIn: 8) ? 0 : 4_500, currency: .eur)
        let terms = SaleTerms(
            revision: 1, total: draw(plan.capacity), limit: plan.limit, opens: nil, closes: nil, state: .open,
            price: price ?? .zero)
        repository.addEvent(event, in: partitioning.partition(of: event), terms)
        events.append(event)
    }

    /// - Parameter isKnown: Whether the account is there; Postgres refuses the rows of one that is not.
    func newUser(isKnown: Bool = true) -> UserID {
        let user = UserID(drawUUID())
        if isKnown { repository.addUser(user) }
        return user
    }

    func orderID(of user: UserID, _ event: EventID, key: IdempotencyKey) -> OrderID {
        OrderID(
            user: user, event: event, idempotencyKey: key, partition: partitioning.partition(of: event),
            secret: secret)
    }

    // MARK: - Faults

    func crash(_ process: SimulatedProcess, _ moment: StaticString, _ call: StaticString) {
        trace.note(process.name, "dies", "\(moment) \(call)")
        process.crash()
    }

    func pause(_ process: SimulatedProcess, _ moment: StaticString, _ call: StaticString) {
        let duration = draw(.milliseconds(50) ... .milliseconds(3_000))
        trace.note(process.name, "stops", "\(moment) \(call), for \(duration)")
        process.pause(for: duration)
    }
}

extension Money {
    fileprivate static let zero = Money(amount: 0, currency: .eur) ?? { preconditionFailure("0 is an amount") }()
}

/// Writes log lines into the trace.
private struct TraceLogHandler: LogHandler {
    let trace: Trace
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        trace.log("\(event.message) \(values.map { "\($0.key)=\($0.value)" }.joined(separator: " "))")
    }
}
