import Foundation
import Payments
import PostgresClient
import TestSupport
import Testing
import Ticketing

@Suite(.timeLimit(.minutes(2)))
struct SimulatedPaymentGatewayTests {
    @Test(arguments: ["pm_accepted", "pm_slow"])
    func `These methods are captured`(method: String) async throws {
        try await Provider.run { provider async throws in
            let charge = Charge.new(method, amount: 12_345)
            let start = ContinuousClock.now
            #expect(try await provider.gateway.charge(charge) == .captured(reference: "sim_\(charge.order)"))
            if method == "pm_slow" { #expect(ContinuousClock.now - start >= .seconds(5)) }
            let entry = Provider.Entry(
                key: charge.order.description, amount: 12_345, status: "captured", attempts: 1)
            #expect(try await provider.books() == [entry])
        }
    }

    @Test(arguments: ["pm_declined", "pm_unknown", "visa"])
    func `These methods are declined`(method: String) async throws {
        try await Provider.run { provider async throws in
            let charge = Charge.new(method)
            #expect(try await provider.gateway.charge(charge) == .declined(reference: "sim_\(charge.order)"))
            #expect(try await provider.books().map(\.status) == ["declined"])
        }
    }

    @Test func `The method with an error fails once for each order and is captured from then on`() async throws {
        try await Provider.run { provider async throws in
            let charges = [Charge.new("pm_error_then_accepted"), Charge.new("pm_error_then_accepted")]
            for charge in charges {
                await #expect(throws: PaymentError.self) { try await provider.gateway.charge(charge) }
                for _ in 0..<3 {
                    #expect(try await provider.gateway.charge(charge) == .captured(reference: "sim_\(charge.order)"))
                }
            }
            #expect(try await provider.books().map(\.attempts) == [4, 4])
        }
    }

    @Test func `An ended charge cannot be captured any more, and a captured one stays so`() async throws {
        try await Provider.run { provider async throws in
            let (early, late, failed) = (Charge.new(), Charge.new(), Charge.new("pm_error_then_accepted"))
            #expect(try await provider.gateway.end(early) == .declined(reference: "sim_\(early.order)"))
            #expect(try await provider.gateway.charge(early) == .declined(reference: "sim_\(early.order)"))
            _ = try await provider.gateway.charge(late)
            #expect(try await provider.gateway.end(late) == .captured(reference: "sim_\(late.order)"))
            await #expect(throws: PaymentError.self) { try await provider.gateway.charge(failed) }
            #expect(try await provider.gateway.end(failed) == .declined(reference: "sim_\(failed.order)"))
            #expect(try await provider.gateway.charge(failed) == .declined(reference: "sim_\(failed.order)"))
        }
    }

    @Test func `What was captured is given back once, and nothing else is`() async throws {
        try await Provider.run { provider async throws in
            let (captured, declined) = (Charge.new(), Charge.new("pm_declined"))
            _ = try await provider.gateway.charge(captured)
            _ = try await provider.gateway.charge(declined)
            let first = try await provider.gateway.refund(.all(captured))
            let when = try await provider.psql("SELECT max(refunded_at) FROM simulated_provider.charges")
            #expect(try await provider.gateway.refund(.all(captured)) == first)
            #expect(try await provider.psql("SELECT max(refunded_at) FROM simulated_provider.charges") == when)
            for charge in [declined, Charge.new()] {
                await #expect(throws: PaymentError.self) { try await provider.gateway.refund(.all(charge)) }
            }
            #expect(try await provider.psql("SELECT count(refunded_at) FROM simulated_provider.charges") == "1")
        }
    }

    @Test func `A charge is given back in parts, each key once and never more than was captured`() async throws {
        try await Provider.run { provider async throws in
            let charge = Charge.new(amount: 9_000)
            _ = try await provider.gateway.charge(charge)
            func give(_ cents: Int64, _ key: String) async throws -> String {
                let amount = try #require(Money(amount: cents, currency: .eur))
                return try await provider.gateway.refund(
                    Refund(key: key, order: charge.order, charge: "sim_\(charge.order)", amount: amount))
            }
            #expect(try await give(3_000, "a") == give(3_000, "a"))
            #expect(try await provider.gateway.captured(after: nil, limit: 10).orders == [charge.order])
            do {
                _ = try await give(6_001, "b")
                Issue.record("more was given back than captured")
            } catch let error as PaymentError { #expect(error.isFinal) }
            // All at once, each twice: six parts of a thousand are left.
            let given = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask { (try? await give(1_000, "part-\(number % 10)")) != nil }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(given == 12)
            #expect(try await provider.psql("SELECT refunded FROM simulated_provider.charges") == "9000")
            #expect(try await provider.psql("SELECT sum(amount) FROM simulated_provider.refunds") == "9000")
            #expect(try await provider.gateway.captured(after: nil, limit: 10).orders == [])
        }
    }

    @Test(arguments: ["pm_accepted", "pm_declined"])
    func `An order that is charged a thousand times at once, by two workers, is charged once`(
        method: String
    ) async throws {
        try await Provider.run { provider in
            let charge = Charge.new(method)
            let first = try await outcomes(of: Array(repeating: charge, count: 1_000), by: provider.gateway)
            #expect(first.count == 1)
            try await provider.withSecondGateway { second async throws in
                #expect(try await outcomes(of: Array(repeating: charge, count: 100), by: second) == first)
            }
            let books = try await provider.books()
            #expect(books.map(\.key) == [charge.order.description])
            // One attempt is one statement, in which any number of repetitions go together.
            #expect((2...1_100).contains(books[0].attempts))
        }
    }

    @Test func `A repetition with another method or amount gets the first one's outcome`() async throws {
        try await Provider.run { provider in
            let charge = Charge.new(amount: 100)
            let outcome = try await provider.gateway.charge(charge)
            let changed = Charge(
                order: charge.order, amount: try #require(Money(amount: 999, currency: .eur)),
                method: try #require(PaymentMethod("pm_declined")))
            #expect(try await provider.gateway.charge(changed) == outcome)
            #expect(try await provider.books().map(\.amount) == [100])
        }
    }

    @Test func `Every one of five thousand orders at once gets its own outcome`() async throws {
        try await Provider.run { provider in
            let charges = (0..<5_000).map { Charge.new($0 % 5 == 0 ? "pm_declined" : "pm_accepted") }
            let found = try await outcomes(of: charges, by: provider.gateway)
            let expected = charges.enumerated().map { number, charge -> ChargeOutcome in
                number % 5 == 0
                    ? .declined(reference: "sim_\(charge.order)") : .captured(reference: "sim_\(charge.order)")
            }
            #expect(found == Set(expected))
            #expect(try await provider.books().count == 5_000)
        }
    }

    @Test func `Workers that start together make the books once`() async throws {
        let server = try await blocking { try PostgresServer.shared }
        let url = try await blocking { try server.createDatabase() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await Provider.withClient(url) { try await SimulatedPaymentGateway(postgres: $0).prepare() }
                }
            }
            try await group.waitForAll()
        }
        #expect(
            try await blocking { try server.psql("SELECT count(*) FROM simulated_provider.charges", url: url) } == "0")
    }

    @Test func `While the provider is away there is no outcome, and afterwards the same charge gets one`() async throws
    {
        try await Provider.run(on: try await blocking { try PostgresServer() }) { provider in
            let before = Charge.new()
            let outcome = try await provider.gateway.charge(before)
            try await blocking { provider.server.stop(SIGQUIT) }
            // Neither a charge that was captured nor a new one has an outcome now.
            let during = Charge.new()
            try await withClientThatGivesUpSoon(provider.url) { gateway in
                for charge in [before, during] {
                    let error = await #expect(throws: PaymentError.self) { try await gateway.charge(charge) }
                    #expect(error?.underlying is PostgresError)
                }
                try await blocking { try provider.server.start() }
                // A connection that dies unnoticed costs one more attempt.
                try await eventually("the provider answers again") { (try? await gateway.charge(before)) == outcome }
                #expect(try await gateway.charge(during) == .captured(reference: "sim_\(during.order)"))
            }
            #expect(try await provider.gateway.charge(during) == .captured(reference: "sim_\(during.order)"))
            #expect(try await provider.books().count == 2)
        }
    }

    @Test func `A charge that is cancelled takes none of those with it that are written together with it`() async throws
    {
        try await Provider.run { provider in
            let gateway = provider.gateway
            let charges = (0..<200).map { _ in Charge.new() }
            var tasks: [Task<ChargeOutcome, any Error>] = []
            try await Provider.withClient(provider.url) { client in
                // While the table is locked, all charges but the first wait for one common statement.
                tasks = try await client.withTransaction { connection in
                    try await connection.query("LOCK TABLE simulated_provider.charges IN EXCLUSIVE MODE")
                    let tasks = charges.map { charge in Task { try await gateway.charge(charge) } }
                    try await eventually("a charge waits for the lock") {
                        try await provider.psql(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE wait_event_type = 'Lock' AND datname = current_database()
                            """) == "1"
                    }
                    for index in stride(from: 0, to: tasks.count, by: 2) { tasks[index].cancel() }
                    return tasks
                }
            }
            for index in stride(from: 1, to: tasks.count, by: 2) {
                #expect(try await tasks[index].value == .captured(reference: "sim_\(charges[index].order)"))
            }
            // What was cancelled is charged again, and is still one charge.
            for task in tasks { _ = await task.result }
            _ = try await outcomes(of: charges, by: gateway)
            #expect(try await provider.books().count == 200)
        }
    }

    @Test func `A slow charge that is cancelled ends at once and is not captured`() async throws {
        try await Provider.run { provider async throws in
            let charge = Charge.new("pm_slow")
            let task = Task { try await provider.gateway.charge(charge) }
            task.cancel()
            await #expect(throws: PaymentError.self) { try await task.value }
            #expect(try await provider.books().isEmpty)
        }
    }

    /// Charges all at once and returns the distinct outcomes.
    private func outcomes(of charges: [Charge], by gateway: SimulatedPaymentGateway) async throws -> Set<ChargeOutcome>
    {
        try await withThrowingTaskGroup(of: ChargeOutcome.self) { group in
            for charge in charges { group.addTask { try await gateway.charge(charge) } }
            return try await group.reduce(into: []) { $0.insert($1) }
        }
    }

    /// A gateway whose calls fail after half a second without a server.
    private func withClientThatGivesUpSoon(
        _ url: String, _ body: (SimulatedPaymentGateway) async throws -> Void
    ) async throws {
        try await Provider.withClient(url, acquireTimeout: .milliseconds(500)) { client in
            try await body(SimulatedPaymentGateway(postgres: client))
        }
    }
}
