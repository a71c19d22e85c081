import Foundation
import JWTKit
import OnsaleConfiguration

/// The configured keys by key id, as jwt-kit's algorithms.
///
/// jwt-kit's `JWTKeyCollection` is not asked for each token, for three reasons. It is an actor, so every verification
/// would be a suspension, also on the purchase path: 25 µs a token, measured on a release build, against 10 µs for
/// `TokenVerifier`. It takes the default key for an unknown key id. And it does not compare the header's `alg` with
/// the key's. So its algorithms sign and compare here, and the rules around them are this module's.
struct TokenKeys: Sendable {
    /// A header as `TokenIssuer` writes it for one key, in its base64url form, with that key's algorithm.
    private struct IssuedHeader {
        let encoded: [UInt8]
        let algorithm: any JWTAlgorithm
    }

    private let algorithms: [String: any JWTAlgorithm]
    private let issuedHeaders: [IssuedHeader]

    init(_ configuration: TokenConfiguration) async throws(TokenKeyError) {
        let collection = JWTKeyCollection()
        var algorithms: [String: any JWTAlgorithm] = [:]
        var issuedHeaders: [IssuedHeader] = []
        for key in [configuration.key, configuration.previousKey].compactMap(\.self) {
            guard key.secret.bytes.count >= TokenConfiguration.minimumSecretBytes else {
                throw TokenKeyError(
                    keyID: key.id, reason: "shorter than \(TokenConfiguration.minimumSecretBytes) bytes")
            }
            let kid = JWKIdentifier(string: key.id)
            await collection.add(hmac: HMACKey(from: key.secret.bytes), digestAlgorithm: .sha256, kid: kid)
            do {
                let algorithm = try await collection.getKey(for: kid)
                let encoded = Array(try Self.encodedHeader(keyID: key.id, algorithm: algorithm).utf8)
                algorithms[key.id] = algorithm
                issuedHeaders.append(IssuedHeader(encoded: encoded, algorithm: algorithm))
            } catch {
                throw TokenKeyError(keyID: key.id, reason: "\(error)")
            }
        }
        self.algorithms = algorithms
        self.issuedHeaders = issuedHeaders
    }

    /// The header of new tokens: the same text for the same key in every process.
    static func encodedHeader(keyID: String, algorithm: any JWTAlgorithm) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Base64Codec.url.encode(try encoder.encode(TokenHeader(alg: algorithm.name, kid: keyID, typ: "JWT")))
    }

    /// The algorithm for a header that is, byte for byte, one that `TokenIssuer` writes. Saves decoding it.
    func algorithm(issuedHeader encoded: some Collection<UInt8>) -> (any JWTAlgorithm)? {
        issuedHeaders.first { $0.encoded.elementsEqual(encoded) }?.algorithm
    }

    /// The algorithm of a key id: no default, no second try.
    func algorithm(keyID: String) -> (any JWTAlgorithm)? {
        algorithms[keyID]
    }

    /// Whether any key is of the algorithm a header names (`HS256`).
    func supports(algorithmName: String) -> Bool {
        algorithms.values.contains { $0.name == algorithmName }
    }
}

/// A configured key that cannot be used.
package struct TokenKeyError: Error, CustomStringConvertible {
    package let keyID: String
    package let reason: String

    package var description: String { "token key \(keyID) cannot be used: \(reason)" }
}
