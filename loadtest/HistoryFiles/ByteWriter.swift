import Foundation

/// Writes a history's bytes: numbers in as few bytes as they need (LEB128; signed ones in zigzag order).
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(unsigned value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func write(_ value: Int) {
        write(unsigned: UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))))
    }

    mutating func write(_ value: Instant) { write(Int(value)) }

    mutating func write(raw byte: UInt8) { bytes.append(byte) }

    mutating func write(_ uuid: UUID) { withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) } }

    mutating func write(_ text: String) { write(block: Array(text.utf8)) }

    mutating func write(block: [UInt8]) {
        write(unsigned: UInt64(block.count))
        bytes.append(contentsOf: block)
    }

    mutating func write(raw text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
