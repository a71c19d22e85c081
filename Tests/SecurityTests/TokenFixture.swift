import Foundation
import JWTKit
import OnsaleConfiguration
import Synchronization
import Ticketing

@testable import Security

/// A key, a clock in hand, and tokens of any form signed with that key.
final class TokenFixture: Sendable {
    static let start: Double = 1_800_000_000

    let configuration: TokenConfiguration
    let verifier: TokenVerifier
    let issuer: TokenIssuer
    private let clock: Clock

    final class Clock: Sendable {
        private let time = Mutex(TokenFixture.start)

        var now: Double { time.withLock { $0 } }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    init(
        provider: IdentityProviderConfiguration? = nil, _ change: (inout TokenConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = TokenConfiguration(key: Self.key("k1", "a"))
        change(&configuration)
        let clock = Clock()
        self.clock = clock
        self.configuration = configuration
        self.verifier = try await TokenVerifier(configuration: configuration, provider: provider, now: { clock.now })
        self.issuer = try await TokenIssuer(configuration: configuration, now: { clock.now })
    }

    static func key(_ id: String, _ character: String) -> TokenConfiguration.Key {
        TokenConfiguration.Key(id: id, secret: Secret(bytes: Array(String(repeating: character, count: 32).utf8)))
    }

    func advance(_ seconds: Double) { clock.advance(seconds) }

    /// The claims of a good token.
    static let claims: [String: String] = [
        "sub": "\"0b9c3a52-7f4e-4c53-9a3e-0d9fb1f5a001\"", "role": "\"user\"", "iss": "\"onsale\"",
        "aud": "\"onsale\"", "iat": "1800000000", "exp": "1800000900",
    ]

    /// A token of these header and payload texts, signed with HS256 and the fixture's key.
    func token(header: String = #"{"alg":"HS256","typ":"JWT","kid":"k1"}"#, payload: String) async throws -> String {
        let signed = Base64Codec.url.encode(header.utf8) + "." + Base64Codec.url.encode(payload.utf8)
        let keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: configuration.key.secret.bytes), digestAlgorithm: .sha256)
        return signed + "." + Base64Codec.url.encode(try await keys.getKey().sign(Array(signed.utf8)))
    }

    /// A token of the good claims with some replaced; nil removes one.
    func token(header: String? = nil, changing changes: [String: String?] = [:]) async throws -> String {
        var claims = Self.claims
        for (name, value) in changes { claims[name] = value }
        let payload = "{" + claims.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        if let header { return try await token(header: header, payload: payload) }
        return try await token(payload: payload)
    }

    /// Why the verifier refuses a token; nil when it accepts it.
    func refusal(of token: String) -> TokenError.Code? {
        do throws(TokenError) {
            _ = try verifier.identity(for: token)
            return nil
        } catch {
            return error.code
        }
    }
}
