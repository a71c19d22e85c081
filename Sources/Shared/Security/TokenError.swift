/// Why a token is not accepted. Each of them is a 401; the code is for logs and metrics, not for the sender.
package struct TokenError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// Longer than `TokenConfiguration.maximumTokenBytes`.
        case oversized
        /// Not three parts of base64url, or a header or payload of another form.
        case malformed
        /// The header's `alg` is not the algorithm of the key it names: `none` and every confusion of algorithms.
        case unsupportedAlgorithm
        /// The header names no key or one that is not configured.
        case unknownKey
        /// The signature is not this key's over this token.
        case badSignature
        case wrongIssuer
        case wrongAudience
        /// An identity provider's token that is not for access.
        case wrongUse
        case expired
        /// `nbf` or `iat` lies in the future by more than the clock skew.
        case notYetValid
        /// Correctly signed, but `sub` is no user id or `role` is unknown.
        case invalidClaims
        /// The account is gone or may less than the token says.
        case outdated
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    package var description: String { "access token refused: \(code.rawValue)" }
}
