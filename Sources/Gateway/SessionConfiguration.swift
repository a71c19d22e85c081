import OnsaleConfiguration
import Security

/// How people stay signed in.
///
/// | variable | default | allowed |
/// | --- | --- | --- |
/// | `REFRESH_LIFETIME` | 30 days | 1 hour to 1 year: a session that is not used for so long ends |
/// | `REFRESH_GRACE` | 10 seconds | 0 to 60 seconds |
/// | `SESSION_COOKIE_SECURE` | false: only where a proxy that is trusted says that it was reached by https | true or false |
struct SessionConfiguration: Sendable {
    var lifetime: Duration = .seconds(30 * 86_400)
    /// How long a refresh token is answered again with the successor it already got: for a client that lost the answer,
    /// and for two tabs that begin at once. A thief who is as fast gets the same successor as its owner, and gives
    /// himself away by the next exchange.
    var grace: Duration = .seconds(10)
    /// Whether the API is reached by https alone: then browsers are told so, and the cookie is for https, whatever a
    /// request looks like.
    var isCookieSecure = false
    /// Sessions of one user. Beyond: the one that was used longest ago ends.
    var sessionsPerUser = 20
    /// How long a mailed token is good.
    var resetLifetime: Duration = .seconds(1_800)
    /// When a request for a mail is answered, counted from its arrival: later than it takes to write the mail down, so
    /// that the time does not tell whether there is an account.
    var resetAnswerTime: Duration = .milliseconds(500)
    /// How often accounts that were deleted or lost a role are looked for.
    var watchInterval: Duration = .seconds(1)
    /// How far back: until the last token has expired that was given before, here by the default of `JWT_LIFETIME`, and
    /// until provided accounts are looked at again. A longer look costs each gateway more each second.
    var watchedAge: Duration = .seconds(1_200)

    init() {}

    /// Looks as far back as these tokens are good.
    mutating func watch(_ tokens: TokenConfiguration) {
        watchedAge = max(tokens.lifetime + tokens.clockSkew * 2, ProvidedAccounts.lifetime) + watchInterval * 60
    }

    init(config: ConfigReader) throws(ConfigurationError) {
        lifetime = try config.duration(
            "refresh.lifetime", default: lifetime, in: Duration.seconds(3_600)...Duration.seconds(365 * 86_400))
        grace = try config.duration("refresh.grace", default: grace, in: Duration.zero...Duration.seconds(60))
        isCookieSecure = try config.flag("session.cookie.secure", default: isCookieSecure)
    }
}
