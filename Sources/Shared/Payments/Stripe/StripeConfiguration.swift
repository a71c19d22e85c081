import Foundation
package import OnsaleConfiguration

/// How Stripe is reached.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `STRIPE_SECRET_KEY` | required | the account's secret or restricted key | yes |
/// | `STRIPE_API_URL` | `https://api.stripe.com` | `https`; `http` to this machine only | no |
/// | `STRIPE_API_VERSION` | `2024-06-20` | a version of Stripe's API | no |
/// | `STRIPE_TIMEOUT` | 10 s | 100 ms to 60 s: how long one request may take | no |
/// | `STRIPE_CALL_TIME` | 30 s | 1 s to 50 s: how long a charge or refund may take with its repetitions | no |
/// | `STRIPE_CONNECTIONS` | 32 | 8 to 256: requests at once | no |
package struct StripeConfiguration: Sendable {
    package var secretKey: Secret
    package var url = "https://api.stripe.com"
    /// The version whose answers the gateway reads; the account's own may be another.
    package var version = "2024-06-20"
    package var requestTime: Duration = .seconds(10)
    /// A void is two calls, each with as much time again to wait for its turn: so long a message of the outbox stays
    /// with its worker.
    package var callTime: Duration = .seconds(30)
    /// A charge is two requests of some 300 ms each, and so is its end: 32 at once make 50 a second, which is what
    /// Stripe's limit of 100 requests a second allows.
    package var connections = 32

    /// Of the connections, those that are kept for ending charges, so that a sale does not hold them up: after an
    /// outage every order in flight is to be ended, and its tickets wait for that.
    var endings: Int { connections / 4 }
    /// And those for refunds and for reading the books.
    var others: Int { connections / 8 }
    /// A request is sent so often in all, with pauses that double from the first figure to the second.
    static let attempts = 4
    static let firstPause: Duration = .milliseconds(200)
    static let longestPause: Duration = .seconds(2)
    /// Failures in a row after which Stripe is left alone, and for how long.
    static let failures = 20
    static let firstRest: Duration = .seconds(1)
    static let longestRest: Duration = .seconds(30)
    /// Answers are a few kB; a page of the books has 100 charges of up to 10 kB.
    static let answerBytes = 4 << 20
    /// Items of a page of Stripe's lists, which is the most that it gives.
    static let pageItems = 100
    /// How far back the books are gone through: what was captured longer ago has been looked at thousands of times.
    static let booksAge: TimeInterval = 30 * 86_400

    package init(secretKey: Secret) { self.secretKey = secretKey }

    package init(config: ConfigReader) throws(ConfigurationError) {
        self.init(secretKey: try config.secret("stripe.secret.key", minimumBytes: 8))
        if config.optional("stripe.api.url") != nil {
            url = try config.required(
                "stripe.api.url", as: String.self, allowed: "an https URL without a path, or http to this machine",
                parse: Self.url)
        }
        version = config.text("stripe.api.version", default: version)
        requestTime = try config.duration(
            "stripe.timeout", default: requestTime, in: Duration.milliseconds(100)...Duration.seconds(60))
        callTime = try config.duration(
            "stripe.call.time", default: callTime, in: Duration.seconds(1)...Duration.seconds(50))
        connections = try config.int("stripe.connections", default: connections, in: 8...256)
    }

    /// The URL without a slash at its end; nil for one that would send the key in the clear.
    static func url(_ text: String) -> String? {
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil
        else { return nil }
        let isLocal = ["127.0.0.1", "localhost", "[::1]", "::1"].contains(host)
        guard parts.scheme == "https" || parts.scheme == "http" && isLocal else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
