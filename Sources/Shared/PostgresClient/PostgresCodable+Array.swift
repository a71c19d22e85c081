/// Arrays in Postgres' binary form: dimensions, a NULL flag, the element type; length and lower bound of the one
/// dimension; then length and bytes of each element (`array_send` in arrayfuncs.c).
extension PostgresArrayElement where Self: PostgresEncodable & PostgresDecodable {
    package static func encode(array: [Self], to bytes: inout PostgresBytes) {
        let element: PostgresType = postgresType == .inferred ? .text : postgresType
        bytes.append(Int32(array.isEmpty ? 0 : 1))
        bytes.append(Int32(array.contains(where: \.isNull) ? 1 : 0))
        bytes.append(element.rawValue)
        guard !array.isEmpty else { return }
        bytes.append(Int32(array.count))
        bytes.append(Int32(1))
        bytes.reserve(array.count * (4 + MemoryLayout<Self>.size))
        for value in array {
            bytes.append(Int32(0))
            let start = bytes.count
            if !value.isNull { value.encode(to: &bytes) }
            bytes.setLength(at: start, isNull: value.isNull)
        }
    }

    package static func decode(
        array bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> [Self] {
        var reader = ArrayReader(bytes)
        guard let dimensions = reader.int32(), reader.int32() != nil, let element = reader.int32() else {
            throw mismatch(type)
        }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = reader.int32(), reader.int32() != nil, count >= 0 else {
            throw mismatch(type)
        }
        let elementType = PostgresType(rawValue: UInt32(bitPattern: element))
        var values: [Self] = []
        values.reserveCapacity(min(Int(count), bytes.count / 4))
        for _ in 0..<count {
            guard let length = reader.int32() else { throw mismatch(type) }
            if length < 0 {
                values.append(try decodeNull())
            } else if let value = reader.bytes(Int(length)) {
                values.append(try decode(value, type: elementType))
            } else {
                throw mismatch(type)
            }
        }
        return values
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.postgresArrayType }

    package func encode(to bytes: inout PostgresBytes) { Element.encode(array: self, to: &bytes) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> [Element] {
        try Element.decode(array: bytes, type: type)
    }
}

/// `[UInt8]` is `bytea`, not an array of numbers.
extension UInt8: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .bytea }

    package static func encode(array: [UInt8], to bytes: inout PostgresBytes) { bytes.append(array) }

    package static func decode(
        array bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> [UInt8] {
        guard type == .bytea else { throw [UInt8].mismatch(type) }
        return Array(bytes)
    }
}

/// Reads the numbers and slices of a binary array, with every access checked against the end.
private struct ArrayReader {
    private let buffer: UnsafeRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    mutating func int32() -> Int32? {
        guard position + 4 <= buffer.count else { return nil }
        defer { position += 4 }
        return Int32(bigEndian: buffer.loadUnaligned(fromByteOffset: position, as: Int32.self))
    }

    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard position + count <= buffer.count else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: buffer[position..<position + count])
    }
}
