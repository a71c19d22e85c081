import Crypto
import OnsaleConfiguration

/// The header `Stripe-Signature` of a webhook (https://docs.stripe.com/webhooks#verify-manually):
/// `t=1492774577,v1=5257…`. While a secret is being rotated there are two of `v1`.
struct StripeSignature: Sendable {
    /// Signatures of one header that are looked at.
    private static let mostSignatures = 8

    /// When it was signed, seconds since 1970, as it stands in the header.
    private let time: Substring
    private let seconds: Int64
    private let signatures: [[UInt8]]

    /// nil when the header has no time or no signature of the scheme `v1`.
    init?(_ header: String) {
        var time: Substring?
        var signatures: [[UInt8]] = []
        for item in header.split(separator: ",") {
            let parts = item.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0].trimmingPrefix(while: \.isWhitespace) {
            case "t": time = parts[1]
            case "v1" where signatures.count < Self.mostSignatures:
                if let bytes = Self.bytes(hexadecimal: parts[1]) { signatures.append(bytes) }
            default: break
            }
        }
        guard let time, let seconds = Int64(time), !signatures.isEmpty else { return nil }
        self.time = time
        self.seconds = seconds
        self.signatures = signatures
    }

    /// Whether the body was signed with the secret at most `age` ago, or ahead. Compares in constant time.
    func isValid(for body: some Sequence<UInt8>, secret: Secret, now: Double, age: Duration) -> Bool {
        guard abs(now - Double(seconds)) <= age / .seconds(1) else { return false }
        let key = SymmetricKey(data: secret.bytes)
        let signed = Array(time.utf8) + [UInt8(ascii: ".")] + body
        return signatures.contains {
            HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: signed, using: key)
        }
    }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count == 2 * SHA256.byteCount else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
