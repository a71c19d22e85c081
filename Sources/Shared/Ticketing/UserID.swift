package import Foundation

/// Names one account. Drawn at random (UUID version 4) when the account is made.
package struct UserID: Hashable, Sendable, CustomStringConvertible {
    package let uuid: UUID

    package init(_ uuid: UUID = UUID()) { self.uuid = uuid }

    /// Reads the 36-character text form; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID(text: text.utf8) else { return nil }
        self.uuid = uuid
    }

    package var description: String { uuid.text }
}
