import Foundation
package import OnsaleConfiguration

/// An outside identity provider whose access tokens are accepted beside our own, such as Amazon Cognito.
///
/// | variable | default | allowed |
/// | --- | --- | --- |
/// | `JWKS_URL` | none: no provider | an `https` URL; `http` on this machine alone |
/// | `JWKS_ISSUER`, `JWKS_AUDIENCE` | required with `JWKS_URL` | what its tokens must say: `iss`, and `aud` or `client_id` |
/// | `JWKS_ADMIN_GROUP` | none: nobody | the group (`cognito:groups`) whose members are administrators |
/// | `JWKS_REFRESH` | 5 minutes | 10 seconds to 1 day: how often its keys are fetched |
/// | `JWKS_RETRY` | 10 seconds | 1 second to 1 hour: the least time between fetches for keys that are not known |
package struct IdentityProviderConfiguration: Sendable {
    package var url: String
    package var issuer: String
    package var audience: String
    package var adminGroup: String?
    package var refreshInterval: Duration = .seconds(300)
    package var retryPause: Duration = .seconds(10)

    package init(url: String, issuer: String, audience: String, adminGroup: String? = nil) {
        self.url = url
        self.issuer = issuer
        self.audience = audience
        self.adminGroup = adminGroup
    }

    /// nil when no provider is configured.
    package init?(config: ConfigReader) throws(ConfigurationError) {
        guard config.optional("jwks.url") != nil else { return nil }
        self.init(
            url: try config.required(
                "jwks.url", as: String.self, allowed: "an https URL; http on this machine alone",
                parse: { Self.isSafe($0) ? $0 : nil }),
            issuer: try config.required("jwks.issuer"), audience: try config.required("jwks.audience"),
            adminGroup: config.optional("jwks.admin.group"))
        refreshInterval = try config.duration(
            "jwks.refresh", default: refreshInterval, in: Duration.seconds(10)...Duration.seconds(86_400))
        retryPause = try config.duration(
            "jwks.retry", default: retryPause, in: Duration.seconds(1)...Duration.seconds(3_600))
    }

    /// Whoever can change the keys on their way can sign as anybody.
    private static func isSafe(_ text: String) -> Bool {
        guard let url = URL(string: text), let host = url.host() else { return false }
        return url.scheme == "https" || url.scheme == "http" && ["127.0.0.1", "localhost", "::1"].contains(host)
    }
}
