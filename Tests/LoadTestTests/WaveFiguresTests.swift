import Testing
import Ticketing

@testable import LoadTest

@Suite("Figures")
struct WaveFiguresTests {
    static func purchase(
        wave: Int = 1, quantity: Int = 1, at intended: Double, accepted: Double? = nil, ended: Double? = nil,
        _ state: Purchase.State
    ) -> Purchase {
        var purchase = Purchase(
            Visit(number: 1, wave: wave, buyer: 0, quantity: quantity, intendedAt: Instant(intended * 1e9)))
        purchase.acceptedAt = accepted.map { Instant($0 * 1e9) }
        purchase.endedAt = ended.map { Instant($0 * 1e9) }
        purchase.state = state
        return purchase
    }

    @Test("Rates run from the first intended send to the last event of their kind, in the measured wave only")
    func rates() {
        let figures = WaveFigures([
            Self.purchase(wave: 0, at: 1, accepted: 1, ended: 1, .ended(.confirmed)),
            Self.purchase(at: 10, accepted: 10.5, ended: 12, .ended(.confirmed)),
            Self.purchase(at: 10.1, accepted: 11, ended: 14, .ended(.confirmed)),
            Self.purchase(at: 10.2, accepted: 10.9, ended: 11, .ended(.cancelled)),
            Self.purchase(at: 10.3, ended: 10.5, .refused("sold_out")),
            Self.purchase(at: 10.4, .unresolved),
            Self.purchase(wave: 2, at: 20, accepted: 21, ended: 22, .ended(.confirmed)),
        ])
        #expect(figures.accepted == 3 && figures.confirmed == 2 && figures.cancelled == 1 && figures.unresolved == 1)
        #expect(figures.refusedByCode == ["sold_out": 1])
        #expect(figures.acceptSeconds == 1)
        #expect(figures.acceptedEachSecond == [2, 1])
        #expect(WaveFigures.rate(figures.confirmed, figures.confirmSeconds) == 0.5)
    }

    @Test("An event is sold out when every ticket is promised; what is cancelled before does not count")
    func sellOut() {
        let purchases = [
            Self.purchase(quantity: 4, at: 10, accepted: 11, ended: 15, .ended(.confirmed)),
            Self.purchase(quantity: 4, at: 10, accepted: 11.5, ended: 12, .ended(.cancelled)),
            Self.purchase(quantity: 4, at: 10, accepted: 13, ended: 15, .ended(.confirmed)),
        ]
        #expect(WaveFigures.secondsToSellOut(purchases, capacity: 8) == 1.5)
        #expect(WaveFigures.secondsToSellOut(Array(purchases[...1]), capacity: 9) == nil)
        var later = purchases
        later[1] = Self.purchase(quantity: 4, at: 10, accepted: 11, ended: 10.5, .ended(.cancelled))
        #expect(WaveFigures.secondsToSellOut(later, capacity: 8) == 3)
    }

    @Test("Nothing sent gives rates of zero")
    func empty() {
        #expect(WaveFigures.rate(0, WaveFigures([]).acceptSeconds) == 0)
    }
}
