@testable import InventoryWorker
import OrderRepository
import Testing
import Ticketing

/// The rows that Postgres refuses are those of users who do not exist.
struct BatchCommitterTests {
    private let sale: Sale
    private let lease: Lease
    private var leaseTime: Duration = .seconds(600)

    init() async throws {
        sale = try Sale(total: 10_000)
        lease = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "test", for: .seconds(600)))
    }

    private func batch(_ count: Int, bad: Set<Int> = []) -> [QueuedIntent] {
        (0..<count).map { number in
            let sample = Intent.number(number)
            if !bad.contains(number) { sale.repository.addUser(sample.user) }
            return QueuedIntent(
                entry: StreamEntryID("\(number + 1)-0"),
                intent: Intent(
                    order: sample.order, user: sample.user, event: sale.event, quantity: 1, total: sample.total,
                    paymentMethod: .standard))
        }
    }

    private func commit(_ batch: [QueuedIntent]) async throws -> [(QueuedIntent, EntryOutcome)] {
        var renewal = LeaseRenewal(lease, for: leaseTime, in: sale.recordingRepository)
        return try await BatchCommitter(repository: sale.recordingRepository).commit(batch, keeping: &renewal)
    }

    /// The places of the entries that were refused.
    private func rejected(_ outcomes: [(QueuedIntent, EntryOutcome)]) -> [Int] {
        outcomes.indices.filter { if case .rejected = outcomes[$0].1 { true } else { false } }
    }

    /// The places of the entries whose orders are new.
    private func inserted(_ outcomes: [(QueuedIntent, EntryOutcome)]) -> [Int] {
        outcomes.indices.filter { if case .inserted = outcomes[$0].1 { true } else { false } }
    }

    @Test func `A good batch is one statement`() async throws {
        let outcomes = try await commit(batch(1_000))
        #expect(inserted(outcomes) == Array(0..<1_000))
        #expect(sale.journal.count(of: .commit) == 1)
        #expect(sale.repository.available(of: sale.event) == 9_000)
    }

    @Test func `An empty batch is no statement`() async throws {
        #expect(try await commit([]).isEmpty)
        #expect(sale.journal.count(of: .commit) == 0)
    }

    /// One refused row of 1,000 costs the whole, then two halves on each of the ten levels down to it: 21 at most.
    @Test(arguments: [0, 1, 499, 500, 777, 999])
    func `One bad row of a thousand is found in some twenty statements and the others are inserted`(
        place: Int
    ) async throws {
        let outcomes = try await commit(batch(1_000, bad: [place]))
        #expect(rejected(outcomes) == [place])
        #expect(inserted(outcomes).count == 999)
        #expect(sale.journal.count(of: .commit) <= 22)
        #expect(sale.repository.orders.count == 999)
        #expect(sale.repository.available(of: sale.event) == 10_000 - 999)
    }

    @Test func `Outcomes stand in the order of the batch, wherever bad rows are`() async throws {
        let bad: Set = [0, 3, 4, 50, 98, 99]
        let entries = batch(100, bad: bad)
        let outcomes = try await commit(entries)
        #expect(outcomes.map(\.0) == entries)
        #expect(Set(rejected(outcomes)) == bad)
        #expect(inserted(outcomes).count == 94)
    }

    @Test func `A batch of bad rows is refused row by row and takes nothing`() async throws {
        let outcomes = try await commit(batch(64, bad: Set(0..<64)))
        #expect(rejected(outcomes).count == 64)
        #expect(sale.journal.count(of: .commit) == 127)
        #expect(sale.repository.available(of: sale.event) == 10_000)
    }

    @Test func `A refused row carries the reason its buyer is told, and a note`() async throws {
        guard case .rejected(let reason, let note) = try await commit(batch(1, bad: [0]))[0].1 else {
            Issue.record("the row was not refused")
            return
        }
        #expect(reason == .rejected)
        #expect(!note.isEmpty)
    }

    @Test func `A refused order that can stand in Postgres stands there as cancelled, and is so when it comes again`()
        async throws
    {
        sale.repository.setAvailable(0, of: sale.event)
        let entries = batch(1)
        guard case .cancelled(let state, let note) = try await commit(entries)[0].1 else {
            Issue.record("the row was not refused")
            return
        }
        #expect(state.status == .cancelled)
        #expect(state.reason == .soldOut)
        #expect(!note.isEmpty)
        #expect(sale.repository.state(of: state.id) == state)
        #expect(sale.repository.undelivered == 1)
        sale.repository.setAvailable(10, of: sale.event)
        guard case .redelivered(state) = try await commit(entries)[0].1 else {
            Issue.record("a refused order was committed when it came again")
            return
        }
        #expect(sale.repository.undelivered == 1)
        #expect(sale.repository.available(of: sale.event) == 10)
    }

    @Test mutating func `The lease is kept while a batch of bad rows is taken apart`() async throws {
        leaseTime = .zero
        _ = try await commit(batch(8, bad: Set(0..<8)))
        #expect(sale.journal.count(of: .renew) == sale.journal.count(of: .commit))
    }

    @Test func `A lost lease ends the commit and nothing is written`() async throws {
        sale.repository.expireLease(of: Sale.partition)
        _ = try await sale.repository.acquireLease(of: Sale.partition, owner: "other", for: .seconds(600))
        await #expect(throws: LeaseLost.self) { try await commit(batch(10)) }
        #expect(sale.repository.orders.isEmpty)
        #expect(sale.journal.count(of: .commit) == 1)
    }

    @Test func `While Postgres is away no row is taken for a bad one`() async throws {
        let entries = batch(10)
        sale.repository.fail(with: RepositoryError(.unavailable, "away"))
        let error = await #expect(throws: RepositoryError.self) { try await commit(entries) }
        #expect(error?.code == .unavailable)
        #expect(sale.journal.count(of: .commit) == 1)
    }

    @Test func `A batch that is delivered three times takes its units once`() async throws {
        let entries = batch(20)
        _ = try await commit(entries)
        for _ in 0..<2 {
            let outcomes = try await commit(entries)
            #expect(
                outcomes.allSatisfy {
                    if case .redelivered(let state) = $0.1 { state.status == .pending } else { false }
                })
        }
        #expect(sale.repository.available(of: sale.event) == 10_000 - 20)
    }
}
