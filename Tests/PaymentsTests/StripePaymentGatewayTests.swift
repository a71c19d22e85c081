import Foundation
import OnsaleConfiguration
import StripeDouble
import Synchronization
import TestSupport
import Testing
import Ticketing

@testable import Payments

@Suite(.timeLimit(.minutes(3)))
struct StripePaymentGatewayTests {
    /// A gateway with short times before a provider of its own.
    private static func run(
        connections: Int = 16, requestTime: Duration = .seconds(5), callTime: Duration = .seconds(20),
        _ body: (StripeServer, StripePaymentGateway) async throws -> Void
    ) async throws {
        try await StripeServer.run { server in
            var configuration = StripeConfiguration(secretKey: Secret(bytes: Array(StripeServer.key.utf8)))
            configuration.url = server.url
            configuration.connections = connections
            configuration.requestTime = requestTime
            configuration.callTime = callTime
            try await run(configuration) { try await body(server, $0) }
        }
    }

    private static func run(
        _ configuration: StripeConfiguration, _ body: (StripePaymentGateway) async throws -> Void
    ) async throws {
        let gateway = StripePaymentGateway(configuration: configuration)
        do { try await body(gateway) } catch {
            try await gateway.close()
            throw error
        }
        try await gateway.close()
    }

    private static func captures(of charge: Charge, by server: StripeServer) -> Int {
        server.ledger.captured[charge.order.description]?.map(\.captures).reduce(0, +) ?? 0
    }

    @Test func `A card that is good is charged once, with the order's amount, and a repetition answers the same`()
        async throws
    {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 12_345)
            let outcome = try await gateway.charge(charge)
            for _ in 0..<3 { #expect(try await gateway.charge(charge) == outcome) }
            let intents = server.ledger.intents
            #expect(intents.map(\.amount) == [12_345])
            #expect(intents.map(\.currency) == ["eur"])
            #expect(outcome == .captured(reference: intents[0].id))
            #expect(Self.captures(of: charge, by: server) == 1)
            #expect(server.requests.first?.idempotencyKey == charge.order.description)
        }
    }

    @Test(arguments: ["pm_card_chargeDeclined", "pm_requires_action", "pm_unknown"])
    func `A card that is not is declined for good: its intent is cancelled`(method: String) async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new(method)
            guard case .declined = try await gateway.charge(charge) else {
                Issue.record("\(method) was captured")
                return
            }
            #expect(server.ledger.intents.map(\.status) == ["canceled"])
            // Not even a good card changes that.
            let again = Charge(
                order: charge.order, amount: charge.amount, method: try #require(PaymentMethod("pm_card_visa")))
            guard case .declined = try await gateway.charge(again) else {
                Issue.record("a declined order was captured later")
                return
            }
        }
    }

    /// The control: one that names the payment method is the buyer's.
    @Test func `A request that is wrong is no decline: its order waits for whoever mends it`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa")
            for fault in [
                StripeServer.Fault.wrongParameter("error_on_requires_action"), .refusal(status: 400),
                .refusal(status: 403),
            ] {
                server.setFaults { $0.path.hasSuffix("/confirm") ? fault : .none }
                await #expect(throws: PaymentError.self) { try await gateway.charge(charge) }
                #expect(server.ledger.intents.map(\.status) == ["requires_payment_method"])
            }
            server.setFaults(nil)
            guard case .captured = try await gateway.charge(charge) else {
                Issue.record("the order was declined for a wrong request")
                return
            }
            server.setFaults { $0.path.hasSuffix("/confirm") ? .wrongParameter("payment_method") : .none }
            guard case .declined = try await gateway.charge(.new("pm_card_visa")) else {
                Issue.record("a payment method that will not do was not declined")
                return
            }
        }
    }

    @Test func `An amount that Stripe never charges is declined`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 20)
            #expect(try await gateway.charge(charge) == .declined(reference: "amount_too_small"))
            #expect(try await gateway.end(charge) == .declined(reference: "amount_too_small"))
            #expect(server.ledger.intents.isEmpty)
        }
    }

    @Test func `Many who charge one order at once, by several gateways, charge it once`() async throws {
        try await Self.run { server, gateway async throws in
            var configuration = StripeConfiguration(secretKey: Secret(bytes: Array(StripeServer.key.utf8)))
            configuration.url = server.url
            try await Self.run(configuration) { other in
                server.setFaults { $0.path == "/v1/payment_intents" ? .slowness(.milliseconds(20)) : .none }
                let charge = Charge.new("pm_card_visa")
                let outcomes = try await withThrowingTaskGroup(of: ChargeOutcome.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            // Refused with 409 for too long: tried again, as a lane does.
                            while true {
                                do { return try await (number % 2 == 0 ? gateway : other).charge(charge) } catch {
                                    try await Task.sleep(for: .milliseconds(50))
                                }
                            }
                        }
                    }
                    return try await group.reduce(into: Set<ChargeOutcome>()) { $0.insert($1) }
                }
                #expect(outcomes.count == 1)
                #expect(server.ledger.intents.count == 1)
                #expect(Self.captures(of: charge, by: server) == 1)
            }
        }
    }

    /// Each request of a charge, failing in each way: the charge comes out all the same, once.
    @Test(arguments: ["/v1/payment_intents", "/confirm"])
    func `A request that fails or whose answer is lost is sent again, and charges once`(path: String) async throws {
        let faults: [StripeServer.Fault] = [
            .silenceAfter, .stalledBody, .resetBefore, .resetAfter, .refusal(status: 409), .refusal(status: 429),
            .refusal(status: 500), .refusal(status: 503),
        ]
        try await Self.run(requestTime: .seconds(1)) { server, gateway async throws in
            for fault in faults {
                let hasFailed = Mutex(false)
                server.setFaults { request in
                    guard request.path.hasSuffix(path) else { return .none }
                    return hasFailed.withLock { hasFailed in
                        defer { hasFailed = true }
                        return hasFailed ? .none : fault
                    }
                }
                let charge = Charge.new("pm_card_visa")
                guard case .captured = try await gateway.charge(charge) else {
                    Issue.record("\(fault) made \(path) a decline")
                    return
                }
                #expect(hasFailed.withLock { $0 })
                #expect(Self.captures(of: charge, by: server) == 1)
            }
        }
    }

    @Test(arguments: [false, true])
    func `A failure that Stripe keeps under the key is got round by the next key`(afterEffect: Bool) async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa")
            server.setFaults { request in
                request.idempotencyKey == charge.order.description ? .failure(afterEffect: afterEffect) : .none
            }
            guard case .captured = try await gateway.charge(charge) else {
                Issue.record("a failure of Stripe was taken for a decline")
                return
            }
            server.setFaults(nil)
            guard case .captured = try await gateway.end(charge) else {
                Issue.record("the captured intent was not found by its key")
                return
            }
            #expect(Self.captures(of: charge, by: server) == 1)
        }
    }

    @Test func `A charge that is ended can never be captured, and one that was captured stays so`() async throws {
        try await Self.run { server, gateway async throws in
            let (early, late) = (Charge.new("pm_card_visa"), Charge.new("pm_card_visa"))
            guard case .declined = try await gateway.end(early), case .declined = try await gateway.charge(early) else {
                Issue.record("an ended charge was captured")
                return
            }
            #expect(Self.captures(of: early, by: server) == 0)
            let captured = try await gateway.charge(late)
            #expect(try await gateway.end(late) == captured)
        }
    }

    /// P19 at the provider: both answer the same, whichever comes first.
    @Test func `Of a charge and its end at the same instant one happens, and both say which`() async throws {
        try await Self.run { server, gateway async throws in
            var captured = 0
            for _ in 0..<100 {
                let charge = Charge.new("pm_card_visa")
                async let charging = gateway.charge(charge)
                async let ending = gateway.end(charge)
                let (first, second) = (try await charging, try await ending)
                #expect(first == second)
                let captures = Self.captures(of: charge, by: server)
                if case .captured = first { captured += 1 }
                #expect(captures == (first == .captured(reference: server.ledger.intents.last?.id ?? "") ? 1 : 0))
            }
            #expect(server.ledger.intents.count == 100)
            #expect(server.ledger.captured.count == captured)
        }
    }

    @Test func `A charge whose key Stripe has forgotten is found when it is ended`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa")
            let outcome = try await gateway.charge(charge)
            server.withLedger { $0.forgetKeys() }
            #expect(try await gateway.end(charge) == outcome)
        }
    }

    @Test func `While a payment is being processed nothing is certain`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_processing")
            await #expect(throws: PaymentError.self) { try await gateway.charge(charge) }
            await #expect(throws: PaymentError.self) { try await gateway.end(charge) }
            server.withLedger { $0.settle(charge.order.description, isCaptured: true) }
            guard case .captured = try await gateway.end(charge) else {
                Issue.record("a captured payment was not seen")
                return
            }
        }
    }

    @Test func `Refunds are given once for each key, also when Stripe has forgotten the key, and never in excess`()
        async throws
    {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 9_000)
            guard case .captured(let reference) = try await gateway.charge(charge) else {
                Issue.record("a good card was declined")
                return
            }
            func give(_ cents: Int64, _ key: String) async throws -> String {
                let amount = try #require(Money(amount: cents, currency: .eur))
                return try await gateway.refund(
                    Refund(key: key, order: charge.order, charge: reference, amount: amount))
            }
            let first = try await give(3_000, "a")
            #expect(try await give(3_000, "a") == first)
            server.withLedger { $0.forgetKeys() }
            #expect(try await give(3_000, "a") == first)
            #expect(try await gateway.captured(after: nil, limit: 10).orders == [charge.order])
            do {
                _ = try await give(6_001, "b")
                Issue.record("more was given back than captured")
            } catch let error as PaymentError { #expect(error.isFinal) }
            _ = try await give(6_000, "c")
            #expect(server.ledger.intents.map(\.refunded) == [9_000])
            #expect(try await gateway.captured(after: nil, limit: 10).orders == [])
        }
    }

    @Test func `A refund that is pending is not done, and is not asked for twice`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 9_000)
            guard case .captured(let reference) = try await gateway.charge(charge) else {
                Issue.record("a good card was declined")
                return
            }
            server.withLedger { $0.refundsArePending = true }
            let refund = Refund(all: charge, reference: reference)
            for _ in 0..<3 {
                do {
                    _ = try await gateway.refund(refund)
                    Issue.record("a pending refund counts as done")
                } catch let error as PaymentError { #expect(!error.isFinal) }
            }
            server.withLedger { $0.settleRefunds("succeeded") }
            #expect(try await gateway.refund(refund) == server.ledger.refunds.first?.id)
            #expect(server.ledger.refunds.count == 1)
        }
    }

    @Test func `A refund that has failed is made again under the next generation, once, and under no other`()
        async throws
    {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 9_000)
            guard case .captured(let reference) = try await gateway.charge(charge) else {
                Issue.record("a good card was declined")
                return
            }
            let first = try await gateway.refund(Refund(all: charge, reference: reference))
            server.withLedger { $0.bounceRefunds() }
            #expect(try await gateway.captured(after: nil, limit: 10).orders == [charge.order])
            for _ in 0..<2 {
                do {
                    _ = try await gateway.refund(Refund(all: charge, reference: reference))
                    Issue.record("a failed refund counts as made")
                } catch let error as PaymentError {
                    #expect(error.isFinal)
                    #expect(error.failedRefund == first)
                }
            }
            #expect(server.ledger.refunds.count == 1)
            let second = try await gateway.refund(Refund(all: charge, generation: 1, reference: reference))
            #expect(second != first)
            // Whatever generation it is asked for under: it is made.
            for generation in 0...2 {
                let again = Refund(all: charge, generation: generation, reference: reference)
                #expect(try await gateway.refund(again) == second)
            }
            #expect(server.ledger.refunds.map(\.status) == ["failed", "succeeded"])
            #expect(server.ledger.intents.map(\.refunded) == [9_000])
        }
    }

    /// Stripe keeps what it has refused under a key for a day.
    @Test func `A refund that Stripe refused comes through under the next generation`() async throws {
        try await Self.run { server, gateway async throws in
            let charge = Charge.new("pm_card_visa", amount: 9_000)
            guard case .captured(let reference) = try await gateway.charge(charge) else {
                Issue.record("a good card was declined")
                return
            }
            server.setFaults { request in
                request.method == "POST" && request.path == "/v1/refunds" ? .failure(afterEffect: false) : .none
            }
            let refund = Refund(all: charge, reference: reference)
            await #expect(throws: PaymentError.self) { try await gateway.refund(refund) }
            server.setFaults(nil)
            await #expect(throws: PaymentError.self, "the key keeps the failure") { try await gateway.refund(refund) }
            _ = try await gateway.refund(Refund(all: charge, generation: 1, reference: reference))
            #expect(server.ledger.intents.map(\.refunded) == [9_000])
        }
    }

    @Test func `The books are read page by page`() async throws {
        try await Self.run { server, gateway async throws in
            let charges = (0..<230).map { Charge.new($0 % 10 == 0 ? "pm_declined" : "pm_card_visa") }
            try await withThrowingDiscardingTaskGroup { group in
                for charge in charges { group.addTask { _ = try await gateway.charge(charge) } }
            }
            var found: [OrderID] = []
            var cursor: String?
            var pages = 0
            repeat {
                let page = try await gateway.captured(after: cursor, limit: 120)
                found += page.orders
                cursor = page.next
                pages += 1
            } while cursor != nil
            #expect(pages == 2)
            #expect(found.count == 207)
            #expect(Set(found) == Set(charges.filter { $0.method.text == "pm_card_visa" }.map(\.order)))
        }
    }

    @Test func `A key that Stripe does not accept is no decline, and is never final`() async throws {
        try await StripeServer.run { server in
            var configuration = StripeConfiguration(secretKey: Secret(bytes: Array("sk_test_wrong".utf8)))
            configuration.url = server.url
            try await Self.run(configuration) { gateway in
                for call in [gateway.charge, gateway.end] {
                    do {
                        _ = try await call(.new("pm_card_visa"))
                        Issue.record("an outcome without a key")
                    } catch let error as PaymentError { #expect(!error.isFinal) }
                }
            }
            #expect(server.ledger.intents.isEmpty)
        }
    }

    /// Each kind of call has slots of its own: four answers that never end must not keep the next call out.
    @Test func `An answer whose body never ends holds nothing up`() async throws {
        try await Self.run(requestTime: .milliseconds(200), callTime: .seconds(1)) { server, gateway async throws in
            server.setFaults { _ in .stalledBody }
            await withDiscardingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        await #expect(throws: PaymentError.self) { try await gateway.captured(after: nil, limit: 10) }
                    }
                }
            }
            server.setFaults(nil)
            try await eventually("the books are read again") {
                // An error means: not yet.
                (try? await gateway.captured(after: nil, limit: 10)) != nil
            }
        }
    }

    @Test func `What there was no time to send says nothing about Stripe`() async throws {
        try await StripeServer.run { server in
            var configuration = StripeConfiguration(secretKey: Secret(bytes: Array(StripeServer.key.utf8)))
            configuration.url = server.url
            let client = StripeClient(configuration: configuration)
            for _ in 0...StripeConfiguration.failures {
                await #expect(throws: PaymentError.self) { try await client.send(.get("/v1/refunds"), by: .now) }
            }
            #expect(server.requests.isEmpty)
            let reply = try await client.send(.get("/v1/refunds"), by: .now + .seconds(5))
            #expect(reply.isSuccess, "the circuit is closed")
            try await client.close()
        }
    }

    @Test func `A charge that is cancelled ends soon`() async throws {
        try await Self.run { server, gateway async throws in
            server.setFaults { _ in .silenceAfter }
            let task = Task { try await gateway.charge(.new("pm_card_visa")) }
            try await eventually("the request is under way") { !server.requests.isEmpty }
            let start = ContinuousClock.now
            task.cancel()
            await #expect(throws: PaymentError.self) { try await task.value }
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test func `No more requests are sent at once than connections are allowed`() async throws {
        try await Self.run(connections: 8) { server, gateway async throws in
            server.setFaults { _ in .slowness(.milliseconds(10)) }
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<60 { group.addTask { _ = try await gateway.charge(.new("pm_card_visa")) } }
            }
            #expect(server.mostAtOnce <= 5, "the others are for ends and refunds")
            #expect(server.ledger.captured.count == 60)
        }
    }

    @Test func `An end that waits for its turn in vain says so, and one whose provider is silent does not`()
        async throws
    {
        try await Self.run(connections: 8, requestTime: .milliseconds(400), callTime: .seconds(1)) {
            server, gateway async throws in
            server.setFaults { _ in .silenceAfter }
            let unasked = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        do {
                            _ = try await gateway.end(.new("pm_card_visa"))
                            throw ServerError(description: "a silent provider has answered")
                        } catch let error as PaymentError { return error.isUnasked }
                    }
                }
                return try await group.reduce(into: (yes: 0, no: 0)) { counts, isUnasked in
                    if isUnasked { counts.yes += 1 } else { counts.no += 1 }
                }
            }
            #expect(unasked.yes > 0 && unasked.no >= 2)
        }
    }

    @Test func `A provider that is away is left alone, and found again`() async throws {
        try await Self.run(callTime: .seconds(5)) { server, gateway async throws in
            server.setFaults { _ in .refusal(status: 503) }
            await withDiscardingTaskGroup { group in
                for _ in 0..<10 { group.addTask { _ = try? await gateway.charge(.new("pm_card_visa")) } }
            }
            let before = server.requests.count
            await withDiscardingTaskGroup { group in
                for _ in 0..<100 { group.addTask { _ = try? await gateway.charge(.new("pm_card_visa")) } }
            }
            #expect(server.requests.count <= before + 5, "the circuit is open, but for a trial now and then")
            server.setFaults(nil)
            try await eventually("a charge comes through again") {
                if case .captured? = try? await gateway.charge(.new("pm_card_visa")) { return true }
                return false
            }
        }
    }

    @Test func `The key is sent to Stripe by TLS only, or to this machine`() {
        #expect(StripeConfiguration.url("https://api.stripe.com/") == "https://api.stripe.com")
        #expect(StripeConfiguration.url("http://127.0.0.1:12111") == "http://127.0.0.1:12111")
        for text in ["http://api.stripe.com", "ftp://127.0.0.1", "https://a@b", "https://a/v1", "stripe", ""] {
            #expect(StripeConfiguration.url(text) == nil, "\(text)")
        }
    }

    @Test func `Parameters are written so that nothing in them ends one`() {
        let form: FormBody = ["metadata[order_id]": "a b&c=d+é", "amount": "1"]
        #expect(form.text == "metadata%5Border_id%5D=a%20b%26c%3Dd%2B%C3%A9&amount=1")
    }
}
