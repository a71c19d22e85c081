import Crypto

/// A secret of 256 random bits that is mailed to somebody and good for one use. Only its SHA-256 is stored.
package struct OneTimeToken: Sendable, CustomStringConvertible {
    private static let byteCount = 32

    private let bytes: [UInt8]

    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// nil for a text that is no such token.
    package init?(_ text: String) {
        guard text.utf8.count == 43, let bytes = Base64Codec.url.decode(Array(text.utf8)) else { return nil }
        self.bytes = bytes
    }

    /// In base64url, for a link.
    package var text: String { Base64Codec.url.encode(bytes) }

    package var hash: [UInt8] { Array(SHA256.hash(data: bytes)) }

    /// Does not show the token.
    package var description: String { "one-time token" }
}
