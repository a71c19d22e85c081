package import Crypto
package import Foundation

/// What keeps somebody signed in: exchanged for an access token and the next refresh token of the same session.
///
/// 16 bytes that name the session and a secret of 32, in base64url. Only its SHA-256 is stored.
package struct RefreshToken: Sendable, CustomStringConvertible {
    private static let secretBytes = 32

    /// The session; as secret as the token, because whoever names it can end it.
    package let family: UUID
    private let secret: [UInt8]

    private init(family: UUID, secret: [UInt8]) {
        self.family = family
        self.secret = secret
    }

    /// The first token of a new session.
    package init() {
        var generator = SystemRandomNumberGenerator()
        self.init(
            family: UUID(), secret: (0..<Self.secretBytes).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// nil for a text that is no refresh token of any session.
    package init?(_ text: String) {
        guard text.utf8.count == 64, let bytes = Base64Codec.url.decode(Array(text.utf8)) else { return nil }
        var family: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &family) { $0.copyBytes(from: bytes.prefix(16)) }
        self.init(family: UUID(uuid: family), secret: Array(bytes.dropFirst(16)))
    }

    private var bytes: [UInt8] { withUnsafeBytes(of: family.uuid) { Array($0) } + secret }

    package var text: String { Base64Codec.url.encode(bytes) }

    /// What is stored of it. The secret has 256 random bits, so a fast hash is enough.
    package var hash: [UInt8] { Array(SHA256.hash(data: bytes)) }

    /// Does not show the token.
    package var description: String { "refresh token" }

    /// The token that this one is exchanged for. It follows from this one and the deployment's key, so whoever asks
    /// twice, having lost the answer or in two tabs at once, gets the same one, and no second line of tokens begins.
    package func successor(_ key: RefreshKey) -> RefreshToken {
        RefreshToken(family: family, secret: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key.key)))
    }
}

/// The key by which refresh tokens follow from each other: without it nobody can tell the next one from the one before.
package struct RefreshKey: Sendable {
    let key: SymmetricKey

    /// - Parameter secret: The deployment's; this key is derived from it (HKDF, RFC 5869).
    package init(secret: SymmetricKey) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Data("onsale refresh".utf8), outputByteCount: 32)
    }
}
