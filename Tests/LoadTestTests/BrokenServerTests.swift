import Testing
import Ticketing

@testable import LoadTest

/// The audit against services that break one promise each: the invariant that is about it is named, and none that is
/// kept.
@Suite("Broken servers", .timeLimit(.minutes(2)))
struct BrokenServerTests {
    /// 60 buyers want one ticket each, 40 there are.
    static func run(
        breaking fault: Shop.Fault?, _ journeys: [Journey] = [Journey(kind: .buy)], tickets: Int = 40,
        pace: Duration = .milliseconds(1), timeout: Int = 20
    ) async throws -> AuditResult {
        let shop = Shop(tickets: tickets, breaking: fault, pace: pace)
        let server = try await StandInServer { request, _ in shop.answer(request) }
        let scenario = ShopRun.scenario(
            tickets: tickets, [.steady(rate: 60, seconds: 1)], journeys, timeout: timeout)
        let record = try await ShopRun.run(scenario, at: server.port)
        try await server.stop()
        #expect(record.history.purchases.count == record.history.visits.count)
        return Invariant.audit(record.history, record.snapshot)
    }

    static let mixed = [
        Journey(kind: .buy), Journey(kind: .buyRepeatedly(copies: 2)), Journey(kind: .abandon),
        Journey(kind: .impatient(milliseconds: 5_000)),
        Journey(kind: .bot(accounts: 2, requests: 5, everyMilliseconds: 5), weight: 0.2),
    ]

    @Test("An honest server has no violation, whatever its buyers do", arguments: [false, true])
    func honest(isMixed: Bool) async throws {
        let result = try await Self.run(
            breaking: nil, isMixed ? Self.mixed : [Journey(kind: .buy)], pace: .milliseconds(10))
        #expect(result.violations == [])
        #expect(result.judged == ["I1", "I4", "I6", "I7", "I9", "I10", "I11"])
        #expect(result.notJudged == ["I2", "I3", "I5", "I8", "I13", "I14", "I16"])
    }

    @Test("I1: one ticket too many is found")
    func oversells() async throws {
        let result = try await Self.run(breaking: .oversells)
        #expect(result.violations.map(\.invariant) == ["I1"])
        #expect(result.violations.first?.message == "41 tickets were confirmed to buyers of 40")
    }

    @Test("I4: an accepted order that is forgotten is found")
    func losesAnOrder() async throws {
        let result = try await Self.run(breaking: .losesAnOrder, timeout: 3)
        #expect(result.violations.map(\.invariant) == ["I4"])
        #expect(result.violations.first?.orders == [SampleSale.order(3).description])
    }

    @Test("I7: a key that gives two orders is found")
    func repeatsOrders() async throws {
        let result = try await Self.run(breaking: .repeatsOrders, [Journey(kind: .buyRepeatedly(copies: 1))])
        #expect(Set(result.violations.map(\.invariant)).contains("I7"))
    }

    @Test("I9: an order that is pending again after its end is found")
    func answersAnOldStatus() async throws {
        let result = try await Self.run(breaking: .answersAnOldStatus)
        #expect(result.violations.map(\.invariant) == ["I9"])
        #expect(result.violations.first?.orders.first?.contains("confirmed, later pending") == true)
    }

    @Test("I10: sold_out while tickets are left is found")
    func liesAboutSoldOut() async throws {
        let result = try await Self.run(breaking: .liesAboutSoldOut)
        #expect(result.violations.map(\.invariant) == ["I10"])
    }

    @Test("I11: serving those first who came last is found")
    func ignoresTheLine() async throws {
        let result = try await Self.run(breaking: .ignoresTheLine, tickets: 100, pace: .milliseconds(30))
        #expect(result.violations.map(\.invariant) == ["I11"])
    }

    @Test("I6: a buyer with more than the limit is found")
    func ignoresTheLimit() async throws {
        let result = try await Self.run(
            breaking: .ignoresTheLimit, [Journey(kind: .bot(accounts: 1, requests: 3, everyMilliseconds: 1))],
            tickets: 200)
        #expect(result.violations.map(\.invariant) == ["I6"])
    }
}
