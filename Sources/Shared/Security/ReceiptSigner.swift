package import Crypto
import Foundation
package import Ticketing

/// Makes receipts that nobody else can make: the fields of an `OrderReceipt` in a fixed order, and 128 bits of their
/// HMAC-SHA256, in base64url.
///
/// Layout, big-endian: version 1 (1 byte), order, user and event (16 each), quantity (2), amount in minor units (8),
/// currency (3), sequence (8), time (8), payment method (the rest), MAC (16).
package struct ReceiptSigner: Sendable {
    private static let version: UInt8 = 1
    private static let fixedBytes = 1 + 3 * 16 + 2 + 8 + 3 + 8 + 8
    private static let macBytes = 16

    private let key: SymmetricKey

    /// - Parameter secret: The deployment's; the receipts' own key is derived from it (HKDF, RFC 5869).
    package init(secret: SymmetricKey) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Data("onsale receipt".utf8), outputByteCount: 32)
    }

    package func sign(_ receipt: OrderReceipt) -> String {
        let intent = receipt.intent
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.fixedBytes + PaymentMethod.maximumLength + Self.macBytes)
        bytes.append(Self.version)
        for uuid in [intent.order.uuid, intent.user.uuid, intent.event.uuid] {
            withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) }
        }
        append(UInt16(intent.quantity), to: &bytes)
        append(intent.total.amount, to: &bytes)
        bytes.append(contentsOf: intent.total.currency.rawValue.utf8)
        append(receipt.sequence, to: &bytes)
        append(receipt.acceptedAt, to: &bytes)
        bytes.append(contentsOf: intent.paymentMethod.text.utf8)
        bytes.append(contentsOf: mac(bytes))
        return Base64Codec.url.encode(bytes)
    }

    /// nil unless this deployment signed the text.
    package func verify(_ text: some StringProtocol) -> OrderReceipt? {
        guard text.utf8.count < 512, let bytes = Base64Codec.url.decode(Array(text.utf8)),
            bytes.count > Self.fixedBytes + Self.macBytes, bytes[0] == Self.version
        else { return nil }
        let body = bytes.dropLast(Self.macBytes)
        // Compared as MACs are: in constant time.
        let isOurs = Self.equal(mac(body), bytes.suffix(Self.macBytes))
        guard isOurs else { return nil }
        var reader = Reader(rest: body.dropFirst())
        let (order, user, event) = (reader.uuid(), reader.uuid(), reader.uuid())
        let (quantity, amount) = (reader.integer(UInt16.self), reader.integer(Int64.self))
        let currency = Currency(rawValue: String(decoding: reader.take(3), as: UTF8.self))
        let (sequence, time) = (reader.integer(Int64.self), reader.integer(Int64.self))
        guard let currency, let total = Money(amount: amount, currency: currency),
            let method = PaymentMethod(String(decoding: reader.rest, as: UTF8.self))
        else { return nil }
        return OrderReceipt(
            intent: Intent(
                order: OrderID(order), user: UserID(user), event: EventID(event), quantity: Int(quantity),
                total: total, paymentMethod: method),
            sequence: sequence, acceptedAt: time)
    }

    private func mac(_ bytes: some DataProtocol) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(Self.macBytes))
    }

    private func append(_ integer: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func equal(_ one: [UInt8], _ other: ArraySlice<UInt8>) -> Bool {
        one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Takes fields off the front; the length was checked before.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value {
            take(MemoryLayout<Value>.size).reduce(0) { $0 << 8 | Value($1) }
        }

        mutating func uuid() -> UUID {
            var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            withUnsafeMutableBytes(of: &uuid) { $0.copyBytes(from: take(16)) }
            return UUID(uuid: uuid)
        }
    }
}
