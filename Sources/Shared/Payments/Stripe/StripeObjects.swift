/// What the gateway reads of Stripe's objects, by https://docs.stripe.com/api; fields that it does not need are not
/// here.

/// https://docs.stripe.com/api/payment_intents/object
struct StripeIntent: Decodable, Sendable {
    let id: String
    let status: String
    let metadata: [String: String]?
    let latestCharge: Expanded?

    private enum CodingKeys: String, CodingKey {
        case id, status, metadata
        case latestCharge = "latest_charge"
    }

    /// The charge in full where that was asked for, else its id alone.
    enum Expanded: Decodable, Sendable {
        case id(String)
        case charge(StripeCharge)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                if let id = try? container.decode(String.self) { .id(id) } else {
                    .charge(try container.decode(StripeCharge.self))
                }
        }
    }
}

/// https://docs.stripe.com/api/charges/object
struct StripeCharge: Decodable, Sendable {
    /// Whether all of it was given back.
    let refunded: Bool
}

/// https://docs.stripe.com/api/refunds/object
struct StripeRefund: Decodable, Sendable {
    let id: String
    let status: String?
    let metadata: [String: String]?

    /// For good, and maybe long after it had succeeded.
    var hasFailed: Bool { status == "failed" || status == "canceled" }

    var generation: Int { metadata?["refund_generation"].flatMap { Int($0) } ?? 0 }
}

/// A page of a list or of a search's results.
struct StripeList<Item: Decodable & Sendable>: Decodable, Sendable {
    let data: [Item]
    let hasMore: Bool

    private enum CodingKeys: String, CodingKey {
        case data
        case hasMore = "has_more"
    }
}

/// https://docs.stripe.com/api/errors
struct StripeFailure: Decodable, Sendable {
    let error: Details

    struct Details: Decodable, Sendable {
        let type: String
        let code: String?
        let message: String?
        /// The parameter that was wrong.
        let param: String?
        /// How the intent stands that the request was about.
        let intent: StripeIntent?

        private enum CodingKeys: String, CodingKey {
            case type, code, message, param
            case intent = "payment_intent"
        }
    }
}
