package import Foundation

extension UUID {
    /// The lower-case text form of RFC 9562 §4, 36 characters, written without Foundation's formatter: it stands in
    /// every key, intent and answer of the purchase path.
    package var text: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            withUnsafeBytes(of: uuid) { bytes in
                var position = 0
                for index in 0..<16 {
                    let byte = bytes[index]
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        buffer[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    buffer[position] = UUID.digit(byte >> 4)
                    buffer[position + 1] = UUID.digit(byte & 15)
                    position += 2
                }
            }
            return 36
        }
    }

    /// Reads the text form, either case; nil unless it is exactly 36 ASCII bytes with hyphens in their places.
    package init?(text: some Collection<UInt8>) {
        // The reading itself is not generic: specialised or not, ids are read several times for each request.
        if let uuid = text.withContiguousStorageIfAvailable({ UUID(bytes: $0) }) {
            guard let uuid else { return nil }
            self = uuid
        } else {
            guard let uuid = Array(text).withUnsafeBufferPointer({ UUID(bytes: $0) }) else { return nil }
            self = uuid
        }
    }

    private init?(bytes text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 36 else { return nil }
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let valid = withUnsafeMutableBytes(of: &bytes) { bytes in
            var digits = 0
            for position in 0..<36 {
                let character = text[position]
                if position == 8 || position == 13 || position == 18 || position == 23 {
                    guard character == UInt8(ascii: "-") else { return false }
                    continue
                }
                guard let value = UUID.value(of: character) else { return false }
                bytes[digits >> 1] = digits & 1 == 0 ? value << 4 : bytes[digits >> 1] | value
                digits += 1
            }
            return true
        }
        guard valid else { return nil }
        self.init(uuid: bytes)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
