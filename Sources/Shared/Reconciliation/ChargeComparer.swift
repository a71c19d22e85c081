package import OrderRepository
package import Payments
package import Ticketing

/// Reads the provider's books page by page and finds charges that end in neither tickets nor a refund.
///
/// The provider is read first: what it shows as captured and not given back is looked up in our books afterwards, and
/// each step there (cancellation with its message, refund with its row) is one transaction. So a cancelled order with
/// neither message nor refund will have none.
package struct ChargeComparer<Repository: OutboxRepository, Gateway: PaymentGateway>: Sendable {
    package struct Page: Sendable {
        package var findings: [OrderID: ChargeFinding]
        /// Charges that were looked at.
        package var count: Int
        /// Where to go on; nil at the end of the provider's books.
        package var next: String?
    }

    package let repository: Repository
    package let gateway: Gateway
    /// How long a charged order may be pending.
    package let limit: Duration

    package init(repository: Repository, gateway: Gateway, limit: Duration) {
        self.repository = repository
        self.gateway = gateway
        self.limit = limit
    }

    package func page(after cursor: String?, size: Int) async throws -> Page {
        let captured = try await gateway.captured(after: cursor, limit: size)
        let standings = try await repository.chargeStandings(of: captured.orders)
        var findings: [OrderID: ChargeFinding] = [:]
        for order in captured.orders { findings[order] = ChargeFinding(standings[order], limit: limit) }
        return Page(findings: findings, count: captured.orders.count, next: captured.next)
    }

    /// Has the outbox see to what it can see to; false where there is nothing to do.
    package func repair(_ finding: ChargeFinding, of order: OrderID) async throws(RepositoryError) -> Bool {
        switch finding {
        case .unended: try await repository.addVoid(of: order)
        case .bounced: try await repository.reviewRefunds(of: order)
        case .dead, .unconfirmed, .unknown: false
        }
    }
}
