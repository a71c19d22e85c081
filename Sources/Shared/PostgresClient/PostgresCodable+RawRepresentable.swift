package import FoundationEssentials

/// An enum or struct with a raw value is stored as that value.
extension PostgresCodable where Self: RawRepresentable, RawValue: PostgresCodable {
    package static var postgresType: PostgresType { RawValue.postgresType }
    package static var postgresArrayType: PostgresType { RawValue.postgresArrayType }

    package func encode(to bytes: inout PostgresBytes) { rawValue.encode(to: &bytes) }

    package static func decode(
        _ bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> Self {
        let rawValue = try RawValue.decode(bytes, type: type)
        guard let value = Self(rawValue: rawValue) else {
            throw PostgresError(.decoding, "\(rawValue) is not a \(Self.self)")
        }
        return value
    }
}

/// A type of the domain that wraps a UUID, such as `OrderID`: conforms in one line and is stored as `uuid`.
package protocol PostgresUUID: PostgresCodable {
    var uuid: UUID { get }
    init(_ uuid: UUID)
}

extension PostgresUUID {
    package static var postgresType: PostgresType { .uuid }
    package static var postgresArrayType: PostgresType { .uuidArray }

    package func encode(to bytes: inout PostgresBytes) { uuid.encode(to: &bytes) }

    package static func decode(
        _ bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> Self {
        Self(try UUID.decode(bytes, type: type))
    }
}
