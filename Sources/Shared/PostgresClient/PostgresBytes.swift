/// Bytes on their way to Postgres, in network order.
package struct PostgresBytes: Sendable {
    /// The first byte belongs to no value: so even an empty value has an address, which tells it from NULL.
    private(set) var storage: [UInt8] = [0]
    /// Why a value cannot be sent; the statement then fails before anything is sent.
    private(set) var invalid: String?

    var count: Int { storage.count }

    package mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { storage.append(contentsOf: $0) }
    }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        storage.append(contentsOf: bytes)
    }

    /// Appends the text as UTF-8. Postgres has no text with U+0000 in it.
    mutating func append(text: String) {
        let start = storage.count
        storage.append(contentsOf: text.utf8)
        if storage[start...].contains(0) { reject("a text with the character U+0000 in it") }
    }

    mutating func append(bytesOf value: some BitwiseCopyable) {
        withUnsafeBytes(of: value) { storage.append(contentsOf: $0) }
    }

    mutating func reserve(_ bytes: Int) { storage.reserveCapacity(storage.count + bytes) }

    /// Writes the number of bytes since `position` into the four bytes before it, or -1 for NULL.
    mutating func setLength(at position: Int, isNull: Bool) {
        let length: Int32 = isNull ? -1 : Int32(storage.count - position)
        withUnsafeBytes(of: length.bigEndian) { bytes in
            for offset in 0..<4 { storage[position - 4 + offset] = bytes[offset] }
        }
    }

    /// Marks the statement as one that cannot be sent.
    package mutating func reject(_ reason: String) { invalid = invalid ?? reason }
}
