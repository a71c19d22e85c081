import NIOCore
import Testing
import Ticketing

@testable import LoadTest

@Suite("A buyer's steps")
struct PurchaseStepsTests {
    var purchase = Purchase(Visit(number: 1, buyer: 0, quantity: 2, intendedAt: 0))

    @Test("An accepted purchase is followed until its order is final")
    mutating func accepted() {
        #expect(purchase.receive(.accepted(SampleSale.order(1), etag: nil), at: 5) == .follow)
        #expect(purchase.observe(.pending, failure: nil, at: 6) == .follow)
        #expect(purchase.observe(.paid, failure: nil, at: 7) == .follow)
        #expect(purchase.observe(.confirmed, failure: nil, at: 8) == .done)
        #expect(purchase.state == .ended(.confirmed) && purchase.acceptedAt == 5 && purchase.endedAt == 8)
    }

    @Test("A lost answer is asked for again and remembered; a definite one afterwards ends the doubt")
    mutating func lost() {
        #expect(purchase.receive(.unknown(retryAfter: nil), at: 1) == .retry(atLeast: nil))
        #expect(purchase.mayHaveReached)
        #expect(purchase.receive(.accepted(SampleSale.order(1), etag: nil), at: 2) == .follow)
        #expect(purchase.wasAccepted)
    }

    @Test("A temporary refusal is tried again after the advised wait; a definite one ends the purchase")
    mutating func refused() {
        #expect(purchase.receive(.busy(code: "warming_up", retryAfter: 3), at: 1) == .retry(atLeast: 3))
        #expect(!purchase.mayHaveReached)
        #expect(purchase.receive(.refused(code: "sold_out"), at: 2) == .done)
        #expect(purchase.state == .refused("sold_out"))
        #expect(purchase.receive(.accepted(SampleSale.order(1), etag: nil), at: 3) == .done)
        #expect(!purchase.wasAccepted)
    }

    @Test("A key that was refused, and accepted when it was sent again, is accepted; once, not twice")
    mutating func acceptedAfterAll() {
        _ = purchase.receive(.refused(code: "sold_out"), at: 1)
        let mustFollow = purchase.acceptAfterAll(SampleSale.order(1), at: 2)
        #expect(mustFollow && purchase.state == .accepted && purchase.acceptedAt == 2)
        let again = purchase.acceptAfterAll(SampleSale.order(2), at: 3)
        #expect(!again && purchase.order == SampleSale.order(1))
        #expect(purchase.observe(.confirmed, failure: nil, at: 4) == .done)
        let afterTheEnd = purchase.acceptAfterAll(SampleSale.order(2), at: 5)
        #expect(!afterTheEnd && purchase.state == .ended(.confirmed))
    }

    @Test("Overloaded may mean that the fast gate did not answer: such a purchase may have been taken")
    mutating func overloaded() {
        #expect(purchase.receive(.busy(code: "overloaded", retryAfter: nil), at: 1) == .retry(atLeast: nil))
        #expect(purchase.mayHaveReached)
    }

    @Test("At the end of a run a lost answer stays unresolved, a polite refusal is a refusal")
    mutating func stopped() {
        var lost = purchase
        lost.attempts = 1
        _ = lost.receive(.unknown(retryAfter: nil), at: 1)
        lost.stop(lastCode: nil)
        #expect(lost.state == .unresolved)
        var unsent = purchase
        unsent.stop(lastCode: nil)
        #expect(unsent.state == .abandoned("not_sent") && !unsent.mayHaveReached)
        purchase.stop(lastCode: "warming_up")
        #expect(purchase.state == .abandoned("warming_up") && !purchase.mayHaveReached)
    }

    @Test("An accepted order that is not final when the run ends stays accepted: the audit finds it")
    mutating func stoppedWhileAccepted() {
        _ = purchase.receive(.accepted(SampleSale.order(1), etag: nil), at: 5)
        purchase.stop(lastCode: nil)
        #expect(purchase.state == .accepted && !purchase.isSettled)
    }

    @Test("Waits grow to the cap, are spread, and are never shorter than the service asks")
    func waits() {
        var generator = SeededGenerator(seed: 1)
        let policy = RetryPolicy()
        for attempt in 1...40 {
            let wait = policy.wait(attempt: attempt, atLeast: nil, using: &generator)
            #expect(wait > .nanoseconds(0) && wait <= policy.maximum)
            let advised = policy.wait(attempt: attempt, atLeast: 2, using: &generator)
            #expect(advised >= .seconds(2) && advised < .seconds(2) + policy.spread)
        }
        let long = (0..<200).map { _ in policy.wait(attempt: 10, atLeast: nil, using: &generator).nanoseconds }
        #expect(Set(long).count > 190)
        #expect(RetryPolicy.eager.wait(attempt: 9, atLeast: 5, using: &generator) <= .milliseconds(50))
    }
}
