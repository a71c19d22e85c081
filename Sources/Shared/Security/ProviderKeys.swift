import Foundation
import JWTKit

/// The public keys of an identity provider by key id, read from its JSON Web Key Set (RFC 7517 §5).
///
/// Only RS256 keys of at least 2048 bits (jwt-kit refuses shorter ones) and ES256 keys are taken; what else is in the
/// set is passed over. A key's algorithm is its own, whatever a token says.
package struct ProviderKeys: Sendable {
    /// More than any provider has at a time.
    private static let maximumCount = 100

    private let algorithms: [String: any JWTAlgorithm]

    static let none = ProviderKeys(algorithms: [:])
    static let algorithmNames = ["RS256", "ES256"]

    private init(algorithms: [String: any JWTAlgorithm]) { self.algorithms = algorithms }

    /// - Throws: When the text is no key set.
    package init(json: [UInt8]) async throws {
        let collection = JWTKeyCollection()
        var algorithms: [String: any JWTAlgorithm] = [:]
        for case let key? in try JSONDecoder().decode(KeySet.self, from: Data(json)).keys.map(\.key) {
            guard let id = key.keyIdentifier, let name = Self.algorithmName(of: key),
                algorithms.count < Self.maximumCount
            else { continue }
            do {
                try await collection.add(jwk: key)
                algorithms[id.string] = try await collection.getKey(for: id, alg: name)
            } catch {
                // A key that cannot be used is as one that is not there: its tokens are refused.
                continue
            }
        }
        self.algorithms = algorithms.filter { Self.algorithmNames.contains($0.value.name) }
    }

    package var keyIDs: Set<String> { Set(algorithms.keys) }

    func algorithm(keyID: String) -> (any JWTAlgorithm)? { algorithms[keyID] }

    private static func algorithmName(of key: JWK) -> String? {
        let name = key.keyType == .rsa ? "RS256" : key.keyType == .ecdsa && key.curve == .ecdsa(.p256) ? "ES256" : nil
        guard let given = key.algorithm else { return name }
        return given.rawValue == name ? name : nil
    }

    /// A key set in which keys of unknown kinds do not spoil the others.
    private struct KeySet: Decodable {
        struct Element: Decodable {
            let key: JWK?

            init(from decoder: any Decoder) {
                // Not of a kind that jwt-kit knows: passed over.
                key = try? JWK(from: decoder)
            }
        }

        let keys: [Element]
    }
}
