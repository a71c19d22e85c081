/// The part of a cluster's key space that a key belongs to; each slot is served by one primary.
///
/// `CRC16(tag) mod 16384`, where the tag is what stands between the first `{` and the next `}`, or the whole key when
/// that is empty or not there ("Redis cluster specification", Key distribution model and Hash tags).
struct HashSlot: Hashable, Sendable {
    static let count = 16_384

    let number: UInt16

    /// Nil for a number that no slot has.
    init?(number: some BinaryInteger) {
        guard let number = UInt16(exactly: number), number < Self.count else { return nil }
        self.number = number
    }

    init(of key: RedisArgument) {
        switch key.storage {
        case .text(var text): self.number = text.withUTF8 { Self.number(of: UnsafeRawBufferPointer($0)) }
        case .bytes(let bytes): self.number = bytes.withUnsafeBytes { Self.number(of: $0) }
        }
    }

    private static func number(of key: UnsafeRawBufferPointer) -> UInt16 {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        return checksum(of: hashed) % UInt16(count)
    }

    /// CRC-16/XMODEM: polynomial 0x1021, initial value 0, nothing reflected (the specification's appendix A).
    private static func checksum(of bytes: Slice<UnsafeRawBufferPointer>) -> UInt16 {
        bytes.reduce(0) { crc, byte in crc << 8 ^ table[Int(UInt8(crc >> 8) ^ byte)] }
    }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
}
