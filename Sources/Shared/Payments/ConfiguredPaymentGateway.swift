package import OnsaleConfiguration
package import PostgresClient
import Ticketing

/// The provider that `PAYMENT_PROVIDER` names: `simulated` (default) or `stripe`.
package enum ConfiguredPaymentGateway: PaymentGateway {
    case simulated(SimulatedPaymentGateway)
    case stripe(StripePaymentGateway)

    /// - Parameter postgres: Where the simulated provider has its books.
    package init(config: ConfigReader, postgres: PostgresClient) throws(ConfigurationError) {
        switch try config.choice("payment.provider", default: PaymentProvider.simulated) {
        case .simulated: self = .simulated(SimulatedPaymentGateway(postgres: postgres))
        case .stripe: self = .stripe(StripePaymentGateway(configuration: try StripeConfiguration(config: config)))
        }
    }

    /// The longest time that an order may wait for its payment: Stripe knows an intent by its key for a day. nil: any.
    package var longestHold: Duration? {
        if case .stripe = self { .seconds(43_200) } else { nil }
    }

    package var longestCall: Duration {
        switch self {
        case .simulated(let gateway): gateway.longestCall
        case .stripe(let gateway): gateway.longestCall
        }
    }

    /// To be called before the first charge, and again when it fails.
    package func prepare() async throws(PaymentError) {
        if case .simulated(let gateway) = self { try await gateway.prepare() }
    }

    /// Closes what was opened. To be called once, after everything that charges has ended.
    package func close() async throws {
        if case .stripe(let gateway) = self { try await gateway.close() }
    }

    package func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        switch self {
        case .simulated(let gateway): try await gateway.charge(charge)
        case .stripe(let gateway): try await gateway.charge(charge)
        }
    }

    package func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        switch self {
        case .simulated(let gateway): try await gateway.end(charge)
        case .stripe(let gateway): try await gateway.end(charge)
        }
    }

    package func refund(_ refund: Refund) async throws(PaymentError) -> String {
        switch self {
        case .simulated(let gateway): try await gateway.refund(refund)
        case .stripe(let gateway): try await gateway.refund(refund)
        }
    }

    package func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        switch self {
        case .simulated(let gateway): try await gateway.captured(after: cursor, limit: limit)
        case .stripe(let gateway): try await gateway.captured(after: cursor, limit: limit)
        }
    }
}
