/// A value that can be bound to a statement.
package protocol PostgresEncodable {
    /// What the value is bound as. `.inferred` sends the value as text and lets the server decide.
    static var postgresType: PostgresType { get }
    /// Whether the value is NULL; nothing is encoded then.
    var isNull: Bool { get }
    /// Appends the binary form, or the UTF-8 text where ``postgresType`` is `.inferred`.
    func encode(to bytes: inout PostgresBytes)
}

extension PostgresEncodable {
    package var isNull: Bool { false }
}

/// A value that can be read from a column.
package protocol PostgresDecodable {
    /// Reads the binary form.
    /// - Parameter bytes: valid during the call only.
    static func decode(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> Self
    /// The value for NULL; throws `.decoding` unless there is one.
    static func decodeNull() throws(PostgresError) -> Self
}

extension PostgresDecodable {
    package static func decodeNull() throws(PostgresError) -> Self {
        throw PostgresError(.decoding, "NULL is not a \(Self.self)")
    }

    /// The error of a column whose type does not fit.
    package static func mismatch(_ type: PostgresType) -> PostgresError {
        PostgresError(.decoding, "type \(type.rawValue) does not decode as \(Self.self); cast the column in the query")
    }
}

/// A value that arrays are made of, `unnest($1)` first of all.
package protocol PostgresArrayElement {
    static var postgresArrayType: PostgresType { get }
    static func encode(array: [Self], to bytes: inout PostgresBytes)
    static func decode(array bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) -> [Self]
}

/// A value that goes both ways, alone and in arrays.
///
/// A type with a raw value conforms in one line, `extension OrderStatus: PostgresCodable {}`; a type round a UUID by
/// ``PostgresUUID``.
package protocol PostgresCodable: PostgresEncodable, PostgresDecodable, PostgresArrayElement {}
