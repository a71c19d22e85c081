import Foundation
import HTTPTypes
import InventoryStore
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct LongPollTests {
    /// Long enough that a test which is not woken fails by its time limit.
    private static let wait = 20

    private func poll(
        _ harness: GatewayHarness, _ order: OrderID, by user: UserID, wait: Int = wait, tag: String? = nil
    ) async throws -> Answer {
        try await harness.send(
            .get, "/api/orders/\(order)?wait=\(wait)", token: harness.token(user),
            headers: tag.map { [.ifNoneMatch: $0] } ?? [:])
    }

    /// Waits until so many long polls are held.
    private func untilHeld(_ count: Int, in harness: GatewayHarness) async {
        while harness.gateway.waiters.count < count { await Task.yield() }
    }

    @Test func aLongPollIsWokenByTheNewsAndNotByTime() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let start = ContinuousClock.now
        let answer = try await withRunning(harness.gateway.waiters) {
            async let held = poll(harness, order, by: user)
            await untilHeld(1, in: harness)
            try await harness.settle(order, .confirmed, tickets: 1)
            return try await held
        }
        #expect(answer.string("status") == "confirmed")
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(harness.gateway.waiters.count == 0)
    }

    @Test func newsOfAnotherOrderWakesNobody() async throws {
        let harness = try await GatewayHarness()
        let waiters = harness.gateway.waiters
        let event = try await harness.event()
        let order = try await harness.buy(event, by: UserID())
        let other = try await harness.buy(event, by: UserID())
        let ticket = try #require(waiters.register(order, until: .now.advanced(by: .seconds(20))))
        let isWoken = Flag()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await waiters.wait(ticket)
                isWoken.set()
            }
            waiters.signal([other])
            for _ in 0..<100 { await Task.yield() }
            #expect(!isWoken.isSet)
            waiters.signal([order])
        }
        #expect(isWoken.isSet)
    }

    @Test func newsThatComesBeforeTheWaitIsNotMissed() async throws {
        let harness = try await GatewayHarness()
        let waiters = harness.gateway.waiters
        let order = try await harness.buy(try await harness.event(), by: UserID())
        let ticket = try #require(waiters.register(order, until: .now.advanced(by: .seconds(20))))
        waiters.signal([order])
        await waiters.wait(ticket)
        waiters.remove(ticket)
        #expect(waiters.count == 0)
    }

    @Test func missedNewsMakesEverybodyLook() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        async let held = poll(harness, order, by: user)
        await untilHeld(1, in: harness)
        // Nobody hears the news, because no service runs.
        try await harness.settle(order, .confirmed, tickets: 1)
        harness.gateway.waiters.signal(nil)
        #expect(try await held.string("status") == "confirmed")
    }

    @Test func aLongPollEndsAtItsDeadlineByTheCoarseTimer() async throws {
        let harness = try await GatewayHarness()
        let waiters = harness.gateway.waiters
        let order = try await harness.buy(try await harness.event(), by: UserID())
        let now = ContinuousClock.now
        let short = try #require(waiters.register(order, until: now.advanced(by: .seconds(5))))
        let long = try #require(waiters.register(order, until: now.advanced(by: .seconds(15))))
        waiters.expire(now: now.advanced(by: .seconds(6)))
        await waiters.wait(short)
        let isWoken = Flag()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await waiters.wait(long)
                isWoken.set()
            }
            for _ in 0..<100 { await Task.yield() }
            #expect(!isWoken.isSet)
            waiters.expire(now: now.advanced(by: .seconds(16)))
        }
    }

    @Test func anOrderThatHasChangedSinceTheTagIsAnsweredAtOnce() async throws {
        let harness = try await GatewayHarness { $0.limits.progressAge = .zero }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let tag = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user)).headers[.eTag]
        try await harness.commit(order.partition)
        let answer = try await poll(harness, order, by: user, tag: tag)
        #expect(answer.status == 200)
        #expect(answer.string("stage") == "payment")
    }

    @Test func aMovingLineDoesNotEndALongPoll() throws {
        let before = "W/\"pending.queued.120\""
        let after = "W/\"pending.queued.80\""
        #expect(OrderView.state(ofTag: before) == OrderView.state(ofTag: after))
        #expect(OrderView.state(ofTag: "\"foreign\"") == nil)
    }

    @Test func aFinalOrderIsAnsweredAtOnce() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        try await harness.settle(order, .cancelled, reason: .paymentDeclined)
        let first = try await poll(harness, order, by: user)
        #expect(first.string("status") == "cancelled")
        let again = try await poll(harness, order, by: user, tag: first.headers[.eTag])
        #expect(again.status == 304)
    }

    @Test func tooManyLongPollsAreAnsweredAtOnce() async throws {
        let harness = try await GatewayHarness { $0.limits.longPolls = 0 }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        #expect(try await poll(harness, order, by: user).string("status") == "pending")
    }

    @Test func aStoppingGatewayAnswersItsLongPollsAtOnce() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        async let held = poll(harness, order, by: user)
        await untilHeld(1, in: harness)
        harness.gateway.waiters.drain()
        #expect(try await held.string("status") == "pending")
        // And holds no new ones.
        #expect(try await poll(harness, order, by: user).string("status") == "pending")
    }

    @Test func aCancelledLongPollLeaves() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let task = Task { try await poll(harness, order, by: user) }
        await untilHeld(1, in: harness)
        task.cancel()
        _ = await task.result
        while harness.gateway.waiters.count > 0 { await Task.yield() }
    }

    @Test(arguments: ["-1", "21", "1.5", "x", ""])
    func aBadWaitIsRefused(_ wait: String) async throws {
        let harness = try await GatewayHarness()
        let order = try await harness.buy(try await harness.event(), by: UserID())
        let answer = try await harness.send(.get, "/api/orders/\(order)?wait=\(wait)", token: harness.token())
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["wait"])
    }
}
