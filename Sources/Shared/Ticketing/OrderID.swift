package import Crypto
package import Foundation

/// Names one order. A UUID version 8 (RFC 9562 §5.8) that is derived, not drawn: the same user, event and idempotency
/// key give the same id on every gateway, for ever, so the id *is* the idempotency record.
///
/// Layout: 48 bits of the MAC, version 8, 12 bits of partition number, variant, 62 more bits of the MAC.
package struct OrderID: Hashable, Sendable, CustomStringConvertible {
    package let uuid: UUID

    /// An id that came from our own stores.
    package init(_ uuid: UUID) { self.uuid = uuid }

    /// Reads the 36-character text form; nil for anything else, also for a UUID that is not version 8.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUID(text: text.utf8), uuid.uuid.6 >> 4 == 8, uuid.uuid.8 >> 6 == 2 else { return nil }
        self.uuid = uuid
    }

    /// Derives the id by HMAC-SHA256 under the deployment's secret. The inputs are of fixed length but for the last,
    /// so no two different requests give the same message.
    package init(
        user: UserID, event: EventID, idempotencyKey: IdempotencyKey, partition: Partition, secret: SymmetricKey
    ) {
        var mac = HMAC<SHA256>(key: secret)
        withUnsafeBytes(of: user.uuid.uuid) { mac.update(data: $0) }
        withUnsafeBytes(of: event.uuid.uuid) { mac.update(data: $0) }
        var key = idempotencyKey.text
        key.withUTF8 { mac.update(data: UnsafeRawBufferPointer($0)) }
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { bytes in
            mac.finalize().withUnsafeBytes { bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<16])) }
            bytes[6] = 0x80 | UInt8(partition.number >> 8)
            bytes[7] = UInt8(truncatingIfNeeded: partition.number)
            bytes[8] = 0x80 | (bytes[8] & 0x3f)
        }
        self.uuid = UUID(uuid: bytes)
    }

    /// The partition of the order's event, read from the id itself.
    package var partition: Partition { Partition(UInt16(uuid.uuid.6 & 0x0f) << 8 | UInt16(uuid.uuid.7)) }

    package var description: String { uuid.text }
}

/// The client's name for one purchase, by the `Idempotency-Key` header: 1 to 128 visible ASCII characters.
package struct IdempotencyKey: Hashable, Sendable {
    package static let maximumLength = 128

    package let text: String

    /// nil when the text is empty, longer than 128 bytes or has anything but visible ASCII in it.
    package init?(_ text: some StringProtocol) {
        guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    /// A key for a request that brought none: 122 random bits.
    package static func random() -> IdempotencyKey { IdempotencyKey(unchecked: UUID().text) }

    private init(unchecked text: String) { self.text = text }
}
