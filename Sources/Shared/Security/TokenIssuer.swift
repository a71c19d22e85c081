import Foundation
import JWTKit
import Ticketing

/// Signs access tokens with HS256 and the current key.
package struct TokenIssuer: Sendable {
    private let configuration: TokenConfiguration
    private let algorithm: any JWTAlgorithm
    private let encodedHeader: String
    private let now: @Sendable () -> Double

    /// - Parameter now: Seconds since 1970; tests put a clock of their own here.
    package init(
        configuration: TokenConfiguration, now: @escaping @Sendable () -> Double = WallClock.seconds
    ) async throws(TokenKeyError) {
        let keyID = configuration.key.id
        let keys = try await TokenKeys(configuration)
        guard let algorithm = keys.algorithm(keyID: keyID) else {
            throw TokenKeyError(keyID: keyID, reason: "not in the set of keys")
        }
        self.configuration = configuration
        self.algorithm = algorithm
        self.now = now
        do {
            encodedHeader = try TokenKeys.encodedHeader(keyID: keyID, algorithm: algorithm)
        } catch {
            throw TokenKeyError(keyID: keyID, reason: "\(error)")
        }
    }

    /// A token for `identity`.
    ///
    /// - Parameter lifetime: Time until it expires; nil for the configured one.
    /// - Throws: What the encoder or the signature throws; neither is expected.
    package func issue(for identity: Identity, lifetime: Duration? = nil) throws -> AccessToken {
        let issued = now().rounded(.down)
        let expires = issued + Double((lifetime ?? configuration.lifetime).components.seconds)
        let claims = TokenClaims(
            sub: identity.userID.description, role: identity.role.rawValue, iss: configuration.issuer,
            aud: .one(configuration.audience), iat: issued, exp: expires)
        let encodedClaims = Base64Codec.url.encode(try JSONEncoder().encode(claims))
        let signed = "\(encodedHeader).\(encodedClaims)"
        let signature = Base64Codec.url.encode(try algorithm.sign(Array(signed.utf8)))
        return AccessToken(text: "\(signed).\(signature)", expiresAt: Date(timeIntervalSince1970: expires))
    }
}
