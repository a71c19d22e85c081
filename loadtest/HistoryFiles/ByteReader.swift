import Foundation

/// Reads what `ByteWriter` wrote. Whatever the bytes are, it neither traps nor takes more memory than they are worth.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func raw() throws(LoadTestError) -> UInt8 {
        guard position < bytes.endIndex else { throw Self.cutOff }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func unsigned() throws(LoadTestError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try raw()
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw LoadTestError(.malformedHistory, "a number is too long")
    }

    mutating func whole() throws(LoadTestError) -> Int {
        let value = try unsigned()
        return Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1)
    }

    /// How many things follow, each of at least `size` bytes.
    mutating func count(ofSize size: Int) throws(LoadTestError) -> Int {
        let value = try unsigned()
        guard value <= UInt64(remaining / max(1, size)) else { throw Self.cutOff }
        return Int(value)
    }

    mutating func uuid() throws(LoadTestError) -> UUID {
        guard remaining >= 16 else { throw Self.cutOff }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &uuid) { $0.copyBytes(from: bytes[position..<position + 16]) }
        position += 16
        return UUID(uuid: uuid)
    }

    mutating func block() throws(LoadTestError) -> ArraySlice<UInt8> {
        let length = try count(ofSize: 1)
        defer { position += length }
        return bytes[position..<position + length]
    }

    mutating func text() throws(LoadTestError) -> String { String(decoding: try block(), as: UTF8.self) }

    mutating func skip(_ text: StaticString) throws(LoadTestError) {
        for index in 0..<text.utf8CodeUnitCount where try raw() != text.utf8Start[index] {
            throw LoadTestError(.malformedHistory, "this is no history of a load test")
        }
    }

    private static var cutOff: LoadTestError { LoadTestError(.malformedHistory, "it is cut off") }
}
