package import OnsaleConfiguration

/// How access tokens are signed and checked.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `JWT_SECRET` | required | at least 32 bytes | yes |
/// | `JWT_KEY_ID` | `onsale-1` | not empty | no |
/// | `JWT_PREVIOUS_SECRET` | none: no second key | at least 32 bytes | yes |
/// | `JWT_PREVIOUS_KEY_ID` | `onsale-0` | other than `JWT_KEY_ID` | no |
/// | `JWT_ISSUER`, `JWT_AUDIENCE` | `onsale`, `onsale` | not empty | no |
/// | `JWT_LIFETIME` | 15 minutes | 1 minute to 1 day | no |
/// | `JWT_CLOCK_SKEW` | 30 seconds | 0 to 5 minutes | no |
///
/// To change the secret without logging anybody out: give the new one with a new key id, and the old pair as the
/// previous one until the last old token has expired.
package struct TokenConfiguration: Sendable {
    /// A secret and the key id (`kid`) that names it in a token's header.
    package struct Key: Sendable {
        package let id: String
        package let secret: Secret

        package init(id: String, secret: Secret) {
            self.id = id
            self.secret = secret
        }
    }

    /// 32 bytes: RFC 7518 §3.2 asks HS256 for a key at least as long as the hash.
    package static let minimumSecretBytes = 32

    /// The key of new tokens.
    package var key: Key
    /// A key that is still accepted, never used for new tokens.
    package var previousKey: Key?
    package var issuer: String
    package var audience: String
    /// Time from issue to expiry of a new token.
    package var lifetime: Duration
    /// How far two machines' clocks may be apart: a token is accepted this long after `exp` and before `nbf` and `iat`.
    /// RFC 7519 §4.1.4 allows "no more than a few minutes"; machines with NTP need seconds.
    package var clockSkew: Duration = .seconds(30)
    /// Longer tokens are refused before anything is decoded. Ours have about 300 bytes.
    package var maximumTokenBytes = 8 * 1024
    /// Verified tokens kept, about 0.5 KiB each: 16 MiB when full. Beyond it the oldest go; to verify one again takes
    /// 10 µs.
    package var cacheCapacity = 32_768
    /// Longer tokens are verified each time, so a full cache never holds more than 32 MiB of them.
    package var maximumCachedTokenBytes = 1024

    package init(
        key: Key, previousKey: Key? = nil, issuer: String = "onsale", audience: String = "onsale",
        lifetime: Duration = .seconds(900)
    ) {
        self.key = key
        self.previousKey = previousKey
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
    }

    package init(config: ConfigReader) throws(ConfigurationError) {
        let key = Key(
            id: config.text("jwt.key.id", default: "onsale-1"),
            secret: try config.secret("jwt.secret", minimumBytes: Self.minimumSecretBytes))
        var previousKey: Key?
        if config.optional("jwt.previous.secret", isSecret: true) != nil {
            let previous = Key(
                id: config.text("jwt.previous.key.id", default: "onsale-0"),
                secret: try config.secret("jwt.previous.secret", minimumBytes: Self.minimumSecretBytes))
            guard previous.id != key.id else {
                throw ConfigurationError(
                    .invalid, subject: "JWT_PREVIOUS_KEY_ID", given: previous.id, allowed: "other than JWT_KEY_ID")
            }
            previousKey = previous
        }
        self.init(
            key: key, previousKey: previousKey, issuer: config.text("jwt.issuer", default: "onsale"),
            audience: config.text("jwt.audience", default: "onsale"),
            lifetime: try config.duration(
                "jwt.lifetime", default: .seconds(900), in: Duration.seconds(60)...Duration.seconds(86_400)))
        clockSkew = try config.duration(
            "jwt.clock.skew", default: clockSkew, in: Duration.zero...Duration.seconds(300))
    }
}
