package import Foundation

/// A new token as its owner receives it.
package struct AccessToken: Sendable, CustomStringConvertible {
    /// The compact form, `header.payload.signature`, for `Authorization: Bearer`.
    package let text: String
    /// When it stops being accepted.
    package let expiresAt: Date

    /// Does not show the token: it is a password until it expires.
    package var description: String { "access token until \(expiresAt)" }
}
