/// An amount in minor units (cents) of one currency; never a floating-point number.
package struct Money: Hashable, Sendable {
    /// Minor units, 0 ... `maximum`.
    package let amount: Int64
    package let currency: Currency

    /// What `numeric(12,2)` holds: 9,999,999,999.99.
    package static let maximum: Int64 = 999_999_999_999

    /// nil when the amount is negative or above `maximum`.
    package init?(amount: Int64, currency: Currency) {
        guard (0...Money.maximum).contains(amount) else { return nil }
        self.amount = amount
        self.currency = currency
    }

    /// The price of `quantity` tickets; nil when it is above `maximum`.
    package func times(_ quantity: Int) -> Money? {
        let (product, overflow) = amount.multipliedReportingOverflow(by: Int64(quantity))
        return overflow ? nil : Money(amount: product, currency: currency)
    }
}

/// An ISO 4217 currency with two decimal places: the ones that `numeric(12,2)` stores without a change of meaning.
package enum Currency: String, Hashable, Sendable, CaseIterable {
    case eur = "EUR", usd = "USD", gbp = "GBP", chf = "CHF", sek = "SEK", nok = "NOK", dkk = "DKK"
    case pln = "PLN", czk = "CZK", cad = "CAD", aud = "AUD", nzd = "NZD"
}
