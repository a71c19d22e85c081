package import FoundationEssentials

extension UnsafeRawBufferPointer {
    /// The value as a number in network order; nil when it has another width.
    fileprivate func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T? {
        count == MemoryLayout<T>.size ? T(bigEndian: loadUnaligned(as: T.self)) : nil
    }
}

extension Bool: PostgresCodable {
    package static var postgresType: PostgresType { .bool }
    package static var postgresArrayType: PostgresType { .boolArray }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(UInt8(self ? 1 : 0)) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Bool {
        guard type == .bool, let value = bytes.integer(UInt8.self) else { throw mismatch(type) }
        return value != 0
    }
}

extension Int16: PostgresCodable {
    package static var postgresType: PostgresType { .int2 }
    package static var postgresArrayType: PostgresType { .int2Array }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(self) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Int16 {
        guard type == .int2, let value = bytes.integer(Int16.self) else { throw mismatch(type) }
        return value
    }
}

extension Int32: PostgresCodable {
    package static var postgresType: PostgresType { .int4 }
    package static var postgresArrayType: PostgresType { .int4Array }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(self) }

    /// Reads `int4` and `int2`.
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Int32 {
        if type == .int4, let value = bytes.integer(Int32.self) { return value }
        if type == .int2, let value = bytes.integer(Int16.self) { return Int32(value) }
        throw mismatch(type)
    }
}

extension Int64: PostgresCodable {
    package static var postgresType: PostgresType { .int8 }
    package static var postgresArrayType: PostgresType { .int8Array }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(self) }

    /// Reads `int8`, `int4` and `int2`.
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Int64 {
        if type == .int8, let value = bytes.integer(Int64.self) { return value }
        if type == .int4, let value = bytes.integer(Int32.self) { return Int64(value) }
        if type == .int2, let value = bytes.integer(Int16.self) { return Int64(value) }
        throw mismatch(type)
    }
}

/// Bound as `int8`; reads `int8`, `int4` and `int2`.
extension Int: PostgresCodable {
    package static var postgresType: PostgresType { .int8 }
    package static var postgresArrayType: PostgresType { .int8Array }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(Int64(self)) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Int {
        Int(try Int64.decode(bytes, type: type))
    }
}

extension Double: PostgresCodable {
    package static var postgresType: PostgresType { .float8 }
    package static var postgresArrayType: PostgresType { .float8Array }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(bitPattern) }

    /// Reads `float8` and `float4`.
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Double {
        if type == .float8, let bits = bytes.integer(UInt64.self) { return Double(bitPattern: bits) }
        if type == .float4, let bits = bytes.integer(UInt32.self) { return Double(Float(bitPattern: bits)) }
        throw mismatch(type)
    }
}

/// A text alone is sent like a quoted literal, so that it fits enum, citext, numeric, jsonb and other columns without
/// a cast; where the context says nothing (`SELECT $1`) it is text. In an array it is always `text`.
extension String: PostgresCodable {
    package static var postgresType: PostgresType { .inferred }
    package static var postgresArrayType: PostgresType { .textArray }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(text: self) }

    /// Reads text types, enums, `json` and `jsonb`. Cast others, such as `numeric`, to text in the query.
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> String {
        var bytes = bytes
        if type == .jsonb, bytes.first == 1 {  // The version of the binary form, then the text.
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        } else if !type.isText {
            throw mismatch(type)
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else { throw mismatch(type) }
        return text
    }
}

extension UUID: PostgresCodable {
    package static var postgresType: PostgresType { .uuid }
    package static var postgresArrayType: PostgresType { .uuidArray }

    package func encode(to bytes: inout PostgresBytes) { bytes.append(bytesOf: uuid) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> UUID {
        guard type == .uuid, bytes.count == 16 else { throw mismatch(type) }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

/// Bound as `timestamptz`, to the microsecond.
extension Date: PostgresCodable {
    package static var postgresType: PostgresType { .timestamptz }
    package static var postgresArrayType: PostgresType { .timestamptzArray }

    /// Postgres counts from 2000-01-01, `Date` from 2001-01-01: 366 days.
    private static let secondsBetweenEpochs = 31_622_400.0

    package func encode(to bytes: inout PostgresBytes) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.secondsBetweenEpochs) * 1_000_000).rounded()
        // The greatest and the least number mean infinity to Postgres.
        if let value = Int64(exactly: microseconds), value > .min, value < .max {
            bytes.append(value)
        } else {
            bytes.reject("a date that timestamptz cannot hold")
        }
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Date {
        guard type == .timestamptz, let microseconds = bytes.integer(Int64.self) else { throw mismatch(type) }
        guard microseconds > .min, microseconds < .max else {
            throw PostgresError(.decoding, "an infinite timestamp is not a Date")
        }
        return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - secondsBetweenEpochs)
    }
}
