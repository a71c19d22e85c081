import PostgresClient
package import Ticketing

extension UserID: PostgresUUID {}
extension EventID: PostgresUUID {}
extension OrderID: PostgresUUID {}
extension Role: PostgresCodable {}
extension SaleState: PostgresCodable {}
extension OrderStatus: PostgresCodable {}
extension TicketStatus: PostgresCodable {}
extension CancellationReason: PostgresCodable {}
extension Currency: PostgresCodable {}
extension OrderRefund.Status: PostgresCodable {}

extension PostgresError {
    /// A column that holds what the domain does not allow.
    static func unexpected(_ what: String) -> PostgresError { PostgresError(.decoding, "unexpected \(what)") }
}

extension Money {
    /// - Throws: `.decoding` for an amount that is out of range.
    init(minorUnits: Int64, currency: Currency) throws(PostgresError) {
        guard let money = Money(amount: minorUnits, currency: currency) else { throw .unexpected("amount") }
        self = money
    }
}

extension RepositoryError {
    /// Translates at the module's border; a constraint with a meaning of its own is told apart by its name.
    init(_ error: any Error) {
        guard let error = error as? PostgresError else {
            self = error as? RepositoryError ?? RepositoryError(.failed, "\(error)", underlying: error)
            return
        }
        switch (error.code, error.constraint) {
        case (.server, "users_email"):
            self.init(.duplicateEmail, "the address has an account already", underlying: error)
        case (.server, "events_stock"):
            self.init(.capacityBelowSold, "more tickets than that are sold or on hold", underlying: error)
        case (.connection, _), (.deadlineExceeded, _), (.poolExhausted, _), (.shutDown, _):
            self.init(.unavailable, error.description, underlying: error)
        default:
            self.init(error.isTransient ? .unavailable : .failed, error.description, underlying: error)
        }
    }
}
