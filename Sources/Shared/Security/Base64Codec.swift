/// Base64 without padding (RFC 4648), strict: one text for each byte sequence, everything else is refused.
struct Base64Codec: Sendable {
    /// The alphabet of JWTs (RFC 4648 §5).
    static let url = Base64Codec(lastDigits: "-_")
    /// The alphabet of password hash strings (RFC 4648 §4).
    static let standard = Base64Codec(lastDigits: "+/")

    private static let invalid: UInt8 = 0xff
    private let digits: [UInt8]
    private let values: [UInt8]

    private init(lastDigits: String) {
        digits = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + lastDigits).utf8)
        var values = [UInt8](repeating: Self.invalid, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        self.values = values
    }

    func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(accumulator >> bits & 63)])
            }
        }
        if bits > 0 { text.append(digits[Int(accumulator << (6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`; nil for a foreign character, padding, an impossible length or left-over bits that are set.
    func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            let value = values[Int(character)]
            guard value != Self.invalid else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> bits))
            }
        }
        guard accumulator & (1 << bits - 1) == 0 else { return nil }
        return bytes
    }
}
