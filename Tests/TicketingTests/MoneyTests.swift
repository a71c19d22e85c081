import Testing
import Ticketing

struct MoneyTests {
    @Test(arguments: [0, 1, 4_500, 999_999_999_999])
    func `An amount from nothing to what the column holds is taken`(amount: Int64) {
        #expect(Money(amount: amount, currency: .eur)?.amount == amount)
    }

    @Test(arguments: [-1, .min, 1_000_000_000_000, .max])
    func `A negative or larger amount is refused`(amount: Int64) {
        #expect(Money(amount: amount, currency: .eur) == nil)
    }

    @Test(arguments: [
        (4_500, 0, 0), (4_500, 1, 4_500), (4_500, 4, 18_000), (0, 100, 0), (9_999_999_999, 100, 999_999_999_900),
    ])
    func `The price of several tickets is the price times their number`(
        price: Int64, quantity: Int, total: Int64
    ) throws {
        let money = try #require(Money(amount: price, currency: .gbp))
        #expect(money.times(quantity) == Money(amount: total, currency: .gbp))
    }

    @Test(arguments: [
        // Just above the maximum; above Int64; below nothing.
        (10_000_000_000, 100), (999_999_999_999, 2), (999_999_999_999, .max), (1, -1), (4_500, .min),
    ])
    func `A total that cannot be stored is refused and nothing wraps around`(price: Int64, quantity: Int) throws {
        let money = try #require(Money(amount: price, currency: .eur))
        #expect(money.times(quantity) == nil)
    }

    @Test func `Amounts of two currencies are never equal`() {
        #expect(Money(amount: 100, currency: .eur) != Money(amount: 100, currency: .usd))
    }

    /// ISO 4217 gives two decimal places to each of these; a currency with none (JPY) or three (KWD) would change its
    /// meaning in `numeric(12,2)`.
    @Test func `Every currency has two decimal places`() {
        let twoPlaces: Set = [
            "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "INR", "MXN", "NOK", "NZD", "PLN",
            "RON", "SEK", "SGD", "USD", "ZAR",
        ]
        #expect(twoPlaces.isSuperset(of: Currency.allCases.map(\.rawValue)))
        #expect(Currency(rawValue: "JPY") == nil)
        #expect(Currency(rawValue: "eur") == nil)
    }
}
